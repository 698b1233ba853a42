import { generateKeyPairSync } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { recordRun } from '../../harness/gate/testing/recorded.ts';
import { fault, requirement, verdictOf } from '../../harness/verdict/testing/sample.ts';
import { Verdict } from '../../harness/verdict/verdict.ts';
import { attest, predicate, verifyAttestation } from './attestation.ts';
import { predicateOf } from './statement.ts';

describe('an attestation', () => {
  let dir: string;
  let run: string;
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'ordeal-attest-'));
    run = join(dir, 'run');
    recordRun(run);
    mkdirSync(join(run, 'report'));
    writeFileSync(join(run, 'report', 'index.html'), '<html></html>');
    for (const name of ['own', 'other']) {
      const { privateKey, publicKey } = generateKeyPairSync('ed25519');
      writeFileSync(join(dir, `${name}.pem`), privateKey.export({ type: 'pkcs8', format: 'pem' }));
      writeFileSync(join(dir, `${name}.pub`), publicKey.export({ type: 'spki', format: 'pem' }));
    }
    await sign();
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const verdictIn = () => Verdict.parse(JSON.parse(readFileSync(join(run, 'verdict.json'), 'utf8')));
  const sign = (key = 'own') => attest(run, verdictIn(), join(dir, `${key}.pem`));
  const problems = (key = 'own') => verifyAttestation(run, join(dir, `${key}.pub`));
  const attestation = () => join(run, 'attestation.dsse.json');
  const envelope = () => JSON.parse(readFileSync(attestation(), 'utf8'));
  const statement = () => JSON.parse(Buffer.from(envelope().payload, 'base64').toString());

  it('is an in-toto statement of the test’s result over every file of the run, and holds for them', async () => {
    expect(await problems()).to.deep.equal([]);
    const { subject, ...rest } = statement();
    expect(subject.map(({ name }: { name: string }) => name)).to.deep.equal([
      'events.jsonl',
      'plan.yaml',
      'report/index.html',
      'verdict.json',
    ]);
    expect(rest).to.deep.equal({
      _type: 'https://in-toto.io/Statement/v1',
      predicateType: 'https://in-toto.io/attestation/test-result/v0.1',
      predicate: await predicate(run, verdictIn()),
    });
    expect(rest.predicate).to.include({ result: 'PASSED' });
    expect(rest.predicate.passedTests).to.deep.equal(['GPU-1']);
  });

  it('can be made again, over the files as they are then', async () => {
    writeFileSync(join(run, 'note.txt'), 'seen');
    await sign('other');
    expect(await problems('other')).to.deep.equal([]);
    expect((await problems())[0]).to.match(/^it is signed by key/);
  });

  it('tells a change of any byte of any file by the file’s name', async () => {
    const files = ['events.jsonl', 'plan.yaml', 'report/index.html', 'verdict.json'];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        async (name, at) => {
          const path = join(run, name);
          const bytes = readFileSync(path);
          const tampered = Buffer.from(bytes);
          const index = Math.floor(at * bytes.length);
          tampered[index] = (tampered[index] as number) ^ 1;
          writeFileSync(path, tampered);
          expect((await problems()).join('\n')).to.contain(`${name} was changed: sha256 `);
          writeFileSync(path, bytes);
          expect(await problems()).to.deep.equal([]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('tells a file that was added, removed or renamed', async () => {
    writeFileSync(join(run, 'report', 'extra.html'), '');
    expect(await problems()).to.deep.equal(['report/extra.html was added']);
    renameSync(join(run, 'report', 'extra.html'), join(run, 'extra.html'));
    expect(await problems()).to.deep.equal(['extra.html was added']);
    rmSync(join(run, 'extra.html'));
    renameSync(join(run, 'report', 'index.html'), join(run, 'report', 'Index.html'));
    expect(await problems()).to.deep.equal(['report/Index.html was added', 'report/index.html is missing']);
    rmSync(join(run, 'report'), { recursive: true });
    expect(await problems()).to.deep.equal(['report/index.html is missing']);
  });

  it('tells a statement whose result is not what the verdict says, though it is signed', async () => {
    const path = join(run, 'verdict.json');
    const failed = { ...verdictIn(), verdict: 'fail' as const };
    writeFileSync(path, JSON.stringify(failed));
    await attest(run, { ...failed, verdict: 'pass' }, join(dir, 'own.pem'));
    expect(await problems()).to.deep.equal(['the run’s result is "FAILED", and "PASSED" was signed']);
  });

  it('tells a verdict that is gone, and an attestation that is gone', async () => {
    rmSync(join(run, 'verdict.json'));
    expect(await problems()).to.deep.equal(['verdict.json is missing', 'verdict.json holds no verdict']);
    rmSync(attestation());
    expect(await problems()).to.deep.equal(['there is no attestation.dsse.json']);
  });

  it('of another run does not hold', async () => {
    const text = readFileSync(attestation(), 'utf8');
    rmSync(run, { recursive: true });
    recordRun(run, { usable: [false] });
    writeFileSync(attestation(), text);
    expect((await problems()).join('\n')).to.match(/events\.jsonl was changed.*result is "FAILED"/s);
  });

  it('is not made of a folder that lacks its history, nor of one with a link in it', async () => {
    const code = (work: Promise<unknown>) => work.catch(({ code, exit }) => ({ code, exit }));
    symlinkSync('/etc/hostname', join(run, 'link'));
    expect(await code(sign())).to.deep.equal({ code: 'ARTEFACT_ODD', exit: 4 });
    expect(await code(problems())).to.deep.equal({ code: 'ARTEFACT_ODD', exit: 4 });
    rmSync(join(run, 'link'));
    rmSync(join(run, 'events.jsonl'));
    expect(await code(sign())).to.deep.equal({ code: 'RUN_UNREADABLE', exit: 4 });
    expect(await code(verifyAttestation(join(dir, 'absent'), join(dir, 'own.pub')))).to.deep.equal({
      code: 'RUN_UNREADABLE',
      exit: 4,
    });
    expect(await code(problems('absent'))).to.deep.equal({ code: 'KEY_UNREADABLE', exit: 3 });
  });
});

describe('the predicate', () => {
  const artefacts = new Map([['plan.yaml', 'a'.repeat(64)]]);

  it('has passed for a pass alone, and lists as failed whatever did not pass', () => {
    const requirements = [
      requirement(),
      requirement({ id: 'GPU-2', verdict: 'fail' }),
      requirement({ id: 'GPU-3', verdict: 'inconclusive' }),
      requirement({ id: 'GPU-7', verdict: 'inconclusive', skipped: true }),
    ];
    for (const [verdict, result] of [
      ['pass', 'PASSED'],
      ['fail', 'FAILED'],
      ['inconclusive', 'FAILED'],
    ] as const) {
      const told = predicateOf(verdictOf({ verdict, requirements, faults: [fault()] }), artefacts);
      expect(told).to.deep.include({ result, passedTests: ['GPU-1'], failedTests: ['GPU-2', 'GPU-3'] });
      expect(told.configuration).to.deep.equal([
        {
          name: 'plan.yaml',
          digest: { sha256: 'a'.repeat(64) },
          annotations: { profile: 'hardened', level: 'release', seed: 1 },
        },
      ]);
    }
  });
});
