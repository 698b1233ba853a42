import { expect } from 'chai';
import fc from 'fast-check';
import { fault, hostileVerdict, requirement, verdictOf } from '../harness/verdict/testing/sample.ts';
import type { Verdict } from '../harness/verdict/verdict.ts';
import { consoleReporter, reportControls } from './console.ts';

const escapeCharacter = '\u001b';

function terminal(isTTY: boolean) {
  const written: string[] = [];
  return { stdout: { isTTY, write: (text: string) => written.push(text) }, text: () => written.join('') };
}

async function printed(verdict: Verdict, isTTY = false, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout, text } = terminal(isTTY);
  expect(
    await consoleReporter.report({ verdict, history: [], timeline: () => [], outDir: '/', env, stdout }),
  ).to.deep.equal([]);
  return text();
}

describe('the console report', () => {
  it('shows each requirement with its figures, the faults and the whole', async () => {
    expect((await printed(verdictOf())).split('\n')).to.deep.equal([
      '',
      'run 20240102-030405-abcd: profile hardened, level release, seed 1',
      'cluster ordeal-1: kind, real-kubernetes, kubernetes 1.34.4, containerd 1.7.6',
      'node ordeal-worker: kubelet v1.34.4; driver 535.104.05; not told: cuda',
      'node ordeal-worker2: kubelet v1.27.3; not told: driver, cuda',
      'nodes of mixed versions: kubelet v1.27.3 and v1.34.4',
      '',
      '  id     verdict       measured  required  samples  bound              evidence',
      '  GPU-1  pass          0 %       ≤ 0 %     2995     0.099974 % (95 %)  real-kubernetes',
      '      zero false allocation: 0 of 2995 containers started without the device that they were allocated',
      '  GPU-3  inconclusive  99.5 %    ≥ 99.5 %  2995     –                  real-kubernetes',
      '      start success: 298 of 300 starts were seen, and the level standard asks for 300 of them at the least, so',
      '      go on',
      '',
      '  fault bind-delay-1 (gpu/bind-delay) on node ordeal-worker by plugin knob',
      '      injected in 52 ms, bit in 1.2 s (associations took 950 ms), held 20 s, healed in 410 ms (associations',
      '      take 251 ms)',
      '',
      'Certified: profile hardened on kind (real-kubernetes) met 2 requirements, under 1 fault',
      'again: ordeal run --suite gpu --profile hardened --level release --seed 1',
      '',
    ]);
  });

  it('names the reasons that belong to no requirement', async () => {
    const text = await printed(
      verdictOf({
        verdict: 'inconclusive',
        reasons: ['the run was interrupted: SIGINT', 'GPU-1 (x) failed: y'],
      }),
    );
    expect(text).to.match(/besides:\n {6}the run was interrupted: SIGINT\n\n/);
  });

  it('says so where a fault did not bite or heal', async () => {
    const text = await printed(
      verdictOf({ faults: [fault({ bit: false, healed: false }), fault({ injected: false })] }),
    );
    expect(text).to.match(/did NOT bite .* NOT healed/);
    expect(text).to.match(/not injected: associations took/);
  });

  it('is coloured on a terminal only, and not where colour is not wanted', async () => {
    const verdict = verdictOf();
    expect(await printed(verdict, true)).to.contain(`${escapeCharacter}[32mpass`);
    for (const [isTTY, env] of [
      [false, {}],
      [true, { NO_COLOR: '1' }],
      [true, { TERM: 'dumb' }],
    ] as const) {
      expect(await printed(verdict, isTTY, env)).not.to.contain(escapeCharacter);
    }
    expect(await printed(verdict, true, { NO_COLOR: '' })).to.contain(escapeCharacter);
  });

  it('has the same text with and without colour', async () => {
    const coloured = await printed(verdictOf(), true);
    expect(coloured.replaceAll(new RegExp(`${escapeCharacter}\\[\\d+m`, 'g'), '')).to.equal(
      await printed(verdictOf()),
    );
  });

  it('stays in its width and lets no text reach the terminal’s controls', async () => {
    await fc.assert(
      fc.asyncProperty(hostileVerdict, async (verdict) => {
        const text = await printed(verdict);
        expect(text).to.match(/^(?:\n|[^\p{Cc}\p{Cs}\u202e])*$/u);
        for (const line of text.split('\n')) expect(line.length, line).to.be.at.most(110);
      }),
    );
  });
});

describe('reportControls', () => {
  const incident = verdictOf({
    profile: 'incident',
    verdict: 'fail',
    requirements: [
      requirement({ verdict: 'fail', measured: 31.2 }),
      requirement({ id: 'GPU-9', skipped: true }),
    ],
    summary: 'Refused: GPU-1 failed',
  });
  const hardened = verdictOf({ requirements: [requirement()] });

  it('puts the runs beside each other', () => {
    const { stdout, text } = terminal(false);
    reportControls(
      [
        { verdict: incident, expected: 'fail', refusedFor: ['GPU-1'] },
        { verdict: hardened, expected: 'pass', refusedFor: ['GPU-1'] },
      ],
      { stdout, env: {} },
    );
    expect(text().split('\n')).to.deep.equal([
      '',
      '  profile                      incident         hardened',
      '  expected                     fail             pass',
      '  seen                         fail             pass',
      '  evidence                     real-kubernetes  real-kubernetes',
      '  GPU-1 zero false allocation  31.2 % fail      0 % pass',
      '  GPU-9 zero false allocation  0 % left out     –',
      '',
      'Every profile came out as it had to.',
      '',
    ]);
  });

  it('says which one came out otherwise, and why', () => {
    const { stdout, text } = terminal(true);
    const alas = { ...incident, summary: 'Certified: alas' };
    reportControls([{ verdict: alas, expected: 'pass', refusedFor: [] }], { stdout, env: {} });
    expect(text()).to.contain(
      `${escapeCharacter}[31mProfile incident should have come out as pass. Certified: alas`,
    );
    expect(text()).to.contain(`${escapeCharacter}[31mfail`);
  });

  it('says where an incident was refused for something else', () => {
    const { stdout, text } = terminal(false);
    reportControls([{ verdict: incident, expected: 'fail', refusedFor: ['GPU-3'] }], { stdout, env: {} });
    expect(text()).to.contain('was refused, but not for GPU-3: the incident itself was not seen.');
  });
});
