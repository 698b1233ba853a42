import { expect } from 'chai';
import { embeddedProvider } from '../../clusters/embedded/provider.ts';
import { kindProvider } from '../../clusters/kind/provider.ts';
import type { RequirementVerdict, Verdict } from '../../harness/verdict/verdict.ts';
import { StandingCluster } from '../testing/standing-cluster.ts';
import { SCENARIOS } from './scenarios/all.ts';
import { IMPATIENT, QUICK, type RowsRun, runRows } from './testing/rows.ts';
import { type As, expectSaid } from './testing/said.ts';

/** Rows of one worker would disturb each other: they break its kubelet, hide its socket, or switch it off. */
const RUNS = {
  'a kubelet that is restarted, raced and kept waiting': {
    ...{ worker: 0, rows: ['G1', 'G3', 'G4', 'G10', 'G13'], parts: 'right', set: QUICK },
  },
  'a node that boots anew': {
    ...{ worker: 0, rows: ['G5', 'G6'], parts: 'right', set: [...QUICK, ...IMPATIENT] },
  },
  'a plugin that is supervised': {
    ...{ worker: 1, rows: ['G7', 'G8', 'G9'], parts: 'right', set: QUICK },
  },
  'a plugin that registers once': {
    ...{ worker: 1, rows: ['G7', 'G8', 'G9'], parts: 'wrong', set: QUICK },
  },
  'a GPU node that is right': {
    ...{ worker: 2, rows: ['G11', 'G12', 'G14', 'G15', 'G16'], parts: 'right', set: QUICK },
  },
  'a GPU node that is not': {
    ...{ worker: 2, rows: ['G11', 'G12', 'G14', 'G15', 'G16'], parts: 'wrong', set: QUICK },
  },
} satisfies Record<string, RowsRun>;
type Name = keyof typeof RUNS;
const NAMES = Object.keys(RUNS) as Name[];

const SIDES = {
  embedded: {
    provider: embeddedProvider,
    // Its API has no resource.k8s.io/v1.
    as: { evidence: 'modelled', lacks: { G15: 'resource-claims' } },
  },
  kind: { provider: kindProvider, as: { evidence: 'real-kubernetes' } },
} satisfies Record<string, { provider: typeof kindProvider; as: As }>;
type Side = keyof typeof SIDES;
/** Rows of which embedded says otherwise than kind. */
const OTHERWISE = Object.keys(SIDES.embedded.as.lacks);

describe('failure catalogue on embedded and on kind', function () {
  this.timeout(900_000);
  const clusters = {} as Record<Side, StandingCluster>;
  const verdicts = {} as Record<Side, Record<Name, Verdict>>;

  // An embedded cluster waits more than it works, and takes nothing from the other.
  before(async () => {
    const conduct = async (side: Side) => {
      clusters[side] = new StandingCluster(SIDES[side].provider);
      verdicts[side] = await runRows(clusters[side], RUNS);
    };
    const ended = await Promise.allSettled([conduct('embedded'), conduct('kind')]);
    for (const each of ended) if (each.status === 'rejected') throw each.reason;
  });

  after(async () => {
    const left = await Promise.all(Object.values(clusters).map((cluster) => cluster.down()));
    expect(left.flat()).to.deep.equal([]);
  });

  it('holds every row of a kubelet’s plugins', () => {
    const held = new Set(NAMES.flatMap((name): readonly string[] => RUNS[name].rows));
    const rows = SCENARIOS.filter(({ needs }) => needs.includes('plugin-sockets')).map(({ id }) => id);
    expect([...held].sort()).to.deep.equal(rows.sort());
  });

  it('gives the same verdict on both, row by row, but where embedded lacks what the row needs', () => {
    for (const [embedded, kind, { parts }] of pairs()) {
      console.log(`      | ${kind.id} | ${parts} | ${told(embedded)} | ${told(kind)} |`);
      if (!OTHERWISE.includes(kind.id))
        expect(embedded.verdict, `${kind.id} with ${parts} parts: ${told(kind)}`).to.equal(kind.verdict);
    }
  });

  for (const side of Object.keys(SIDES) as Side[])
    for (const name of NAMES)
      it(`says on ${side} of ${name} what is known of it`, () => {
        expectSaid(verdicts[side][name], RUNS[name], SIDES[side].as);
      });

  const pairs = () =>
    NAMES.flatMap((name) => {
      const kind = verdicts.kind[name].requirements;
      return verdicts.embedded[name].requirements.map(
        (embedded, index) => [embedded, kind[index] as RequirementVerdict, RUNS[name]] as const,
      );
    });
});

function told({ reason, verdict }: RequirementVerdict): string {
  return `${verdict}: ${reason}`;
}
