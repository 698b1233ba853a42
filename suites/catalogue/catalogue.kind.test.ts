import { expect } from 'chai';
import { kindProvider } from '../../clusters/kind/provider.ts';
import type { Verdict } from '../../harness/verdict/verdict.ts';
import { StandingCluster } from '../testing/standing-cluster.ts';
import { IMPATIENT, QUICK, type RowsRun, runRows } from './testing/rows.ts';
import { expectSaid } from './testing/said.ts';

const OF_DEVICES = ['G14', 'G15', 'G16'];

/** One worker boots anew while the other has rows that leave their node alone. The other rows are lane soak's. */
const RUNS = {
  'a node that boots anew': {
    ...{ worker: 0, rows: ['G5', 'G6'], parts: 'right', set: [...QUICK, ...IMPATIENT] },
  },
  'parts that are right': { worker: 1, rows: OF_DEVICES, parts: 'right' },
  'parts that are not': { worker: 1, rows: OF_DEVICES, parts: 'wrong' },
} satisfies Record<string, RowsRun>;
type Name = keyof typeof RUNS;

describe('failure catalogue on kind', function () {
  this.timeout(600_000);
  let cluster: StandingCluster;
  let verdicts: Record<Name, Verdict>;

  before(async () => {
    cluster = new StandingCluster(kindProvider);
    verdicts = await runRows(cluster, RUNS);
  });

  after(async () => {
    expect(await cluster.down()).to.deep.equal([]);
  });

  const said = (name: Name) => expectSaid(verdicts[name], RUNS[name], { evidence: 'real-kubernetes' });

  it('passes a kubelet that comes up before its plugin, refuses one that lost its checkpoint, as upstream knows', () => {
    said('a node that boots anew');
  });

  it('passes stable IDs, a DRA driver that awaits binding, and a gate that asks every device for work', () => {
    said('parts that are right');
  });

  it('refuses IDs that are drawn anew, a DRA driver that does not wait, and a gate that asks the first device', () => {
    said('parts that are not');
  });
});
