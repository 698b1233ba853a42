import { expect } from 'chai';
import { kindProvider } from '../../clusters/kind/provider.ts';
import type { RequirementVerdict, Verdict } from '../../harness/verdict/verdict.ts';
import { StandingCluster } from '../testing/standing-cluster.ts';
import { type RowsRun, runRows } from './testing/rows.ts';

const settings = (...given: string[]) => given.map((setting) => `suites.0.settings.${setting}`);

/** Fewer devices than a burst has pods, each of which takes seconds to start and to end on a small machine. */
const FEW = settings('devices=2');
/** Little more than a real node's status may be old; what has no device in 30 s never gets one. */
const QUICK = settings('withheld=12s', 'stays=11s', 'patience=60s');
const OF_DEVICES = ['G14', 'G15', 'G16'];

/** One worker boots anew while the other has rows that leave their node alone. */
const RUNS = {
  'a node that boots anew': {
    ...{ worker: 0, rows: ['G5', 'G6'], set: ['profile=hardened', ...FEW, ...QUICK] },
  },
  'parts that are right': { worker: 1, rows: OF_DEVICES, set: ['profile=hardened', ...FEW] },
  'parts that are not': {
    ...{ worker: 1, rows: OF_DEVICES },
    // A gate that asks for work at all is wrong more narrowly than the incident's.
    set: ['profile=incident', ...FEW, 'suites.0.remedies.gate=first'],
  },
} satisfies Record<string, RowsRun>;
type Name = keyof typeof RUNS;

describe('failure catalogue on kind', function () {
  this.timeout(600_000);
  let cluster: StandingCluster;
  const verdicts = {} as Record<Name, Verdict>;

  before(async () => {
    cluster = new StandingCluster(kindProvider);
    await cluster.up('cluster.workers=2');
    const conduct = async (...names: Name[]) => {
      for (const name of names) verdicts[name] = await runRows(cluster, RUNS[name]);
    };
    await Promise.all([
      conduct('a node that boots anew'),
      conduct('parts that are right', 'parts that are not'),
    ]);
  });

  after(async () => {
    expect(await cluster.down()).to.deep.equal([]);
  });

  /** Of a run each of whose faults bit and was healed. */
  const judged = (name: Name): Record<string, RequirementVerdict> => {
    const { faults, requirements } = verdicts[name];
    expect(faults.map(({ id }) => id)).to.deep.equal(RUNS[name].rows.map((id) => `${id.toLowerCase()}-1`));
    for (const { biteEvidence, bit, healEvidence, healed, id } of faults)
      expect({ bit, healed }, `${id}: ${biteEvidence}; ${healEvidence}`).to.deep.equal({
        bit: true,
        healed: true,
      });
    for (const { evidence, id } of requirements) expect(evidence, id).to.equal('real-kubernetes');
    return Object.fromEntries(requirements.map((each) => [each.id, each]));
  };
  const all = (name: Name, verdict: string) => {
    const seen = judged(name);
    for (const { id, reason, ...each } of Object.values(seen))
      expect(each.verdict, `${id}: ${reason}`).to.equal(verdict);
    return seen;
  };

  it('passes a kubelet that comes up before its plugin: a pod that held a device is refused, another gets it', () => {
    const { G5 } = judged('a node that boots anew');
    expect(G5?.verdict, G5?.reason).to.equal('pass');
    expect(G5?.reason).to.contain('holder is Failed (UnexpectedAdmissionError)');
    expect(G5?.reason).to.contain('replacement has a device');
  });

  it('refuses one that comes up without its checkpoint and runs containers without their devices, as upstream knows', () => {
    const { G6 } = judged('a node that boots anew');
    expect(G6?.verdict, G6?.reason).to.equal('fail');
    expect(G6?.reason).to.match(
      /^known: kubernetes\/kubernetes#116125; [a-z, ]+ ran without a device at \d+ looks/,
    );
  });

  it('passes stable IDs, a DRA driver that awaits binding, and a gate that asks every device for work', () => {
    const { G14, G15, G16 } = all('parts that are right', 'pass');
    expect(G14?.reason).to.contain('1 of 2 others refused');
    expect(G15).to.include({ measured: 0, samples: 5 });
    expect(G16).to.include({ measured: 0, samples: 3 });
  });

  it('refuses IDs that are drawn anew, a DRA driver that does not wait, and a gate that asks the first device', () => {
    const { G14, G15, G16 } = all('parts that are not', 'fail');
    expect(G14?.reason).to.match(/^GPU-g14-\d in more than one container/);
    // Those of the burst that started sooner than their device came; the first came before the delay.
    expect(G15?.reason).to.match(/^[1-4] of 5 containers started without their device; no device in two/);
    expect(G16).to.include({ measured: 3, samples: 3 });
    expect(G16?.reason).to.contain('work on first GPU was done');
  });
});
