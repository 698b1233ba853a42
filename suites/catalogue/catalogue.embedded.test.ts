import { rmSync } from 'node:fs';
import { expect } from 'chai';
import type { RequirementVerdict } from '../../harness/verdict/verdict.ts';
import { type Ended, ordeal, outFolder, verdictIn } from '../testing/command.ts';
import { listing } from './listing.ts';
import { SCENARIOS } from './scenarios/all.ts';

/** Short where only the waiting would be longer: an embedded kubelet writes its node's status at once. */
const QUICK = ['stays=1s', 'withheld=1s'];
/** Shorter than a container takes from one look to the next: it is heard all the same. */
const INSTANT = ['stays=10ms', 'withheld=10ms'];

interface Case {
  rows: readonly string[];
  profile: 'incident' | 'hardened';
  /** Ways in which the kubelet differs from upstream's. */
  kubelet: readonly string[];
  /** In place of the profile's. */
  remedies?: Record<string, unknown>;
  /** Of rows that are to be refused or passed for a time, in s: what is not back by then never is. */
  threshold?: number;
  startLatency?: string;
  /** How long the preparations may take. */
  patience?: string;
  settings?: readonly string[];
  code: number;
}

/**
 * Each row with a part that is sound and with one that is broken: the plugin is either by the profile's remedy, the kubelet
 * by the ways in which it differs from upstream's.
 */
const CASES = {
  'a supervised plugin under upstream’s kubelet': {
    ...{ profile: 'hardened', kubelet: [], code: 0 },
    rows: ['G3', 'G4', 'G7', 'G8', 'G9', 'G10', 'G13'],
  },
  'a node that boots anew under upstream’s kubelet': {
    ...{ profile: 'hardened', kubelet: [], code: 0, rows: ['G5'] },
  },
  'a node that boots anew without its checkpoint under upstream’s kubelet': {
    ...{ profile: 'hardened', kubelet: [], code: 1, rows: ['G6'] },
  },
  'a node that boots anew under a kubelet that is mended': {
    ...{ profile: 'hardened', kubelet: ['tells-sockets-apart'], code: 0, rows: ['G6'] },
  },
  'a plugin that registers once under upstream’s kubelet': {
    ...{ profile: 'incident', kubelet: [], code: 1 },
    ...{ rows: ['G1', 'G7', 'G8', 'G9'], threshold: 3 },
  },
  'a GPU node that is right': {
    ...{ profile: 'hardened', kubelet: [], code: 0, settings: INSTANT },
    rows: ['G11', 'G12', 'G14', 'G16'],
  },
  'a GPU node that is not': {
    ...{ profile: 'incident', kubelet: [], code: 1 },
    rows: ['G11', 'G12', 'G14', 'G16'],
  },
  'a kubelet that is broken, and a gate that asks one GPU': {
    ...{ profile: 'hardened', code: 1, rows: ['G3', 'G4', 'G5', 'G6', 'G10', 'G13', 'G16'] },
    remedies: { gate: 'first' },
    kubelet: [
      ...['ends-pods-at-restart', 'leaks-refused-devices', 'admits-finished-pods'],
      ...['admits-unregistered', 'panics-at-broken-allocate'],
    ],
  },
  'a kubelet that is mended': {
    ...{ profile: 'incident', code: 0, rows: ['G1', 'G7'] },
    kubelet: ['admits-concurrently', 'tells-streams-apart'],
  },
  'a cluster whose pods start too late': {
    ...{ profile: 'hardened', kubelet: [], code: 2, rows: ['G4'], startLatency: '60s', patience: '1s' },
  },
  'a cluster without ResourceClaims': { ...{ profile: 'hardened', kubelet: [], code: 2 }, rows: ['G15'] },
} satisfies Record<string, Case>;

type Name = keyof typeof CASES;

function argumentsOf(name: Name): string[] {
  const {
    kubelet,
    patience,
    profile,
    remedies = {},
    rows,
    settings: quick = QUICK,
    startLatency = '200ms',
    threshold,
  }: Case = CASES[name];
  const settings = [...quick, ...(patience === undefined ? [] : [`patience=${patience}`])];
  return [
    ...['--profile', profile, '--level', 'smoke', '--set', `cluster.startLatency=${startLatency}`],
    ...rows.flatMap((row) => ['--scenario', row]),
    ...settings.flatMap((setting) => ['--set', `suites.0.settings.${setting}`]),
    ...Object.entries(remedies).flatMap(([name, value]) => ['--set', `suites.0.remedies.${name}=${value}`]),
    ...(kubelet.length > 0 ? ['--set', `cluster.kubelet=${JSON.stringify(kubelet)}`] : []),
    ...(threshold === undefined
      ? []
      : rows.flatMap((row) => ['--set', `requirements.${row}.threshold=${threshold}`])),
  ];
}

describe('failure catalogue on embedded', function () {
  this.timeout(400_000);
  const outs = {} as Record<Name, string>;
  const ended = {} as Record<Name, Ended>;

  // They wait more than they work: side by side they take as long as the longest.
  before(async () => {
    await Promise.all(
      (Object.keys(CASES) as Name[]).map(async (name) => {
        outs[name] = outFolder();
        ended[name] = await ordeal('run', ...argumentsOf(name), '--out', outs[name]);
      }),
    );
  });

  after(() => {
    for (const out of Object.values(outs)) rmSync(out, { recursive: true, force: true });
  });

  const judged = (name: Name): Record<string, RequirementVerdict> => {
    expect(ended[name].code, ended[name].output).to.equal(CASES[name].code);
    return Object.fromEntries(verdictIn(outs[name]).requirements.map((each) => [each.id, each]));
  };
  const all = (name: Name, verdict: string) => {
    const seen = judged(name);
    expect(Object.keys(seen)).to.deep.equal(CASES[name].rows);
    for (const { id, ...requirement } of Object.values(seen))
      expect(requirement.verdict, `${id}: ${ended[name].output}`).to.equal(verdict);
    return seen;
  };
  const bitten = (name: Name) => {
    const { faults } = verdictIn(outs[name]);
    expect(faults.map(({ id }) => id)).to.deep.equal(CASES[name].rows.map((id) => `${id.toLowerCase()}-1`));
    for (const { biteEvidence, bit, healEvidence, healed, id } of faults)
      expect({ bit, healed }, `${id}: ${biteEvidence}; ${healEvidence}`).to.deep.equal({
        bit: true,
        healed: true,
      });
  };

  it('covers every row of a device plugin both ways', () => {
    const rows = (codes: readonly number[]) => {
      const those = Object.values(CASES).filter(({ code }) => codes.includes(code));
      return [...new Set(those.flatMap((each) => each.rows))].sort();
    };
    const ofPlugins = SCENARIOS.filter(
      ({ needs }) => needs.includes('plugin-sockets') && !needs.includes('resource-claims'),
    );
    const built = ofPlugins.map(({ id }) => id).sort();
    expect(rows([0])).to.deep.equal(built);
    expect(rows([1])).to.deep.equal(built);
  });

  it('passes a supervised plugin under upstream’s kubelet', () => {
    const seen = all('a supervised plugin under upstream’s kubelet', 'pass');
    bitten('a supervised plugin under upstream’s kubelet');
    expect(seen.G7?.reason).to.match(/known: kubernetes\/kubernetes#121994.*did not fail here/);
  });

  it('refuses a plugin that registers once, and says which failures are known', () => {
    const seen = all('a plugin that registers once under upstream’s kubelet', 'fail');
    bitten('a plugin that registers once under upstream’s kubelet');
    expect(seen.G1?.reason).to.match(
      /^known: kubernetes\/kubernetes#129249; a pod without devices did not run/,
    );
    expect(seen.G7?.reason).to.match(/^known: kubernetes\/kubernetes#121994; 0 of 4 allocatable/);
    for (const id of ['G8', 'G9']) expect(seen[id]?.reason).to.match(/^0 of 4 allocatable/);
  });

  it('passes upstream’s kubelet on a node that boots anew', () => {
    const seen = all('a node that boots anew under upstream’s kubelet', 'pass');
    bitten('a node that boots anew under upstream’s kubelet');
    expect(seen.G5?.reason).to.contain('holder is Failed (UnexpectedAdmissionError)');
  });

  it('refuses it where the node’s checkpoint is gone as well, as upstream knows', () => {
    const seen = all('a node that boots anew without its checkpoint under upstream’s kubelet', 'fail');
    bitten('a node that boots anew without its checkpoint under upstream’s kubelet');
    expect(seen.G6?.reason).to.match(
      /^known: kubernetes\/kubernetes#116125; [a-z, ]+ ran without a device at \d+ looks/,
    );
  });

  it('passes a kubelet to which a socket is no checkpoint', () => {
    const seen = all('a node that boots anew under a kubelet that is mended', 'pass');
    bitten('a node that boots anew under a kubelet that is mended');
    expect(seen.G6?.reason).to.contain('holder is Failed (OutOfcatalogue.ordeal.dev/g6)');
    expect(seen.G6?.reason).to.contain('and it did not fail here');
  });

  it('passes a GPU node that is right', () => {
    all('a GPU node that is right', 'pass');
    bitten('a GPU node that is right');
  });

  it('refuses a GPU node that is not', () => {
    const seen = all('a GPU node that is not', 'fail');
    bitten('a GPU node that is not');
    expect(seen.G11?.reason).to.match(/^4 pods failed; [0-2] of 3 good devices/);
    expect(seen.G12?.reason).to.match(/^training was without GPU-g12-0, GPU-g12-1 at \d+ of \d+ looks/);
    expect(seen.G14?.reason).to.match(/^GPU-g14-0 in more than one container/);
    expect(seen.G16).to.include({ measured: 3, samples: 3 });
  });

  it('refuses a kubelet that is broken, and a gate that asks one GPU', () => {
    const seen = all('a kubelet that is broken, and a gate that asks one GPU', 'fail');
    bitten('a kubelet that is broken, and a gate that asks one GPU');
    const without = 'holder(, replacement)? ran without a device at \\d+ looks; holder is Running';
    expect(seen.G5?.reason).to.match(new RegExp(`^${without}`));
    expect(seen.G6?.reason).to.match(new RegExp(`^known: kubernetes/kubernetes#116125; ${without}`));
    expect(seen.G16?.reason).to.contain('work on first GPU was done');
    expect(seen.G3?.reason).to.match(/^the kubelet started anew/);
    expect(seen.G4?.reason).to.contain('2 of 2 pods did not live on').and.contain('UnexpectedAdmissionError');
    expect(seen.G10).to.include({ measured: 1, samples: 4 });
    expect(seen.G13?.reason).to.contain('finished is Failed');
  });

  it('passes a kubelet that is mended, and says that known failures did not show', () => {
    const seen = all('a kubelet that is mended', 'pass');
    bitten('a kubelet that is mended');
    for (const { reason } of Object.values(seen)) expect(reason).to.match(/known: .*did not fail here/);
    expect(verdictIn(outs['a kubelet that is mended']).cluster.versions.kubelet).to.equal(
      'admits-concurrently, tells-streams-apart',
    );
  });

  it('is inconclusive where a row could not be brought about', () => {
    const seen = all('a cluster whose pods start too late', 'inconclusive');
    expect(seen.G4?.reason).to.contain('the scenario broke off');
  });

  it('is inconclusive where the cluster lacks what a row needs', () => {
    const seen = all('a cluster without ResourceClaims', 'inconclusive');
    expect(seen.G15?.reason).to.contain('this cluster lacks resource-claims');
  });

  it('judges a past run again by the same rules', async () => {
    const out = outs['a kubelet that is broken, and a gate that asks one GPU'];
    const first = verdictIn(out);
    expect((await ordeal('report', out)).code).to.equal(1);
    expect(verdictIn(out)).to.deep.equal(first);
  });

  it('lists the rows, and says of each what holds it', async () => {
    const { code, output } = await ordeal('scenarios');
    expect(code).to.equal(0);
    for (const { built, heldBy, id, title } of listing()) {
      expect(output).to.contain(`\n${id.padEnd(4)}${title} (${heldBy})\n`.slice(id === 'G0' ? 1 : 0));
      if (built) expect(heldBy).to.equal('built');
    }
  });

  it('tells beforehand what a row would break', async () => {
    const { code, output } = await ordeal('run', '--scenario', 'G4', '--scenario', 'G7', '--dry-run');
    expect(code, output).to.equal(0);
    expect(output)
      .to.match(/g4-1 \(gpu\/kubelet-restart\)/)
      .and.to.match(/catalogue\.ordeal\.dev\/g7/);
  });
});
