import { openNetwork } from '../../../clusters/network/open.ts';
import type { Verdict } from '../../../harness/verdict/verdict.ts';
import type { StandingCluster } from '../../testing/standing-cluster.ts';
import { catalogueSuite } from '../suite.ts';

const settings = (...given: string[]) => given.map((setting) => `suites.0.settings.${setting}`);

/** Fewer devices than a burst has pods, each of which takes seconds to start and to end on a small machine. */
const FEW = settings('devices=2');
/** What the scenarios bring along, as on the command line. */
const PARTS = {
  right: ['profile=hardened', ...FEW],
  // A gate that asks for work at all is wrong more narrowly than the incident's.
  wrong: ['profile=incident', ...FEW, 'suites.0.remedies.gate=first'],
};

/** Little more than a real node's status may be old. */
export const QUICK = settings('withheld=12s', 'stays=11s');
/** What has no device in 30 s never gets one. */
export const IMPATIENT = settings('patience=60s');

export interface RowsRun {
  rows: readonly string[];
  parts: keyof typeof PARTS;
  /** Which of the workers, by index. */
  worker: number;
  /** More, as on the command line. */
  set?: readonly string[];
}

/** Brings a cluster up with as many workers as the runs name: they go side by side, and the runs of each one after the other. */
export async function runRows<Name extends string>(
  standing: StandingCluster,
  runs: Record<Name, RowsRun>,
): Promise<Record<Name, Verdict>> {
  const names = Object.keys(runs) as Name[];
  const workers = [...new Set(names.map((name) => runs[name].worker))];
  const verdicts = {} as Record<Name, Verdict>;
  await standing.up(`cluster.workers=${workers.length}`);
  const conduct = async (worker: number) => {
    for (const name of names)
      if (runs[name].worker === worker) verdicts[name] = await runOn(standing, runs[name]);
  };
  await Promise.all(workers.map(conduct));
  return verdicts;
}

/** A run that sees one of the workers alone, so that others may run beside it. */
async function runOn(
  standing: StandingCluster,
  { parts, rows, set = [], worker }: RowsRun,
): Promise<Verdict> {
  const { cluster } = standing;
  const own = cluster.nodes.filter(({ role }) => role === 'worker')[worker];
  const nodes = cluster.nodes.filter((node) => node.role !== 'worker' || node === own);
  const scenarios = `suites.0.settings.scenarios=${JSON.stringify(rows)}`;
  const given = ['level=smoke', 'suites.0.name=catalogue', scenarios, ...PARTS[parts], ...set];
  return await standing.run(catalogueSuite(openNetwork), given, { ...cluster, nodes });
}
