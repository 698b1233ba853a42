import { openNetwork } from '../../../clusters/network/open.ts';
import type { Verdict } from '../../../harness/verdict/verdict.ts';
import type { StandingCluster } from '../../testing/standing-cluster.ts';
import { catalogueSuite } from '../suite.ts';

export interface RowsRun {
  rows: readonly string[];
  /** Which of the workers, by index. */
  worker: number;
  /** As on the command line. */
  set: readonly string[];
}

/** The verdict of a run of rows that sees one of the workers alone, so that others may run beside it. */
export async function runRows(standing: StandingCluster, { rows, set, worker }: RowsRun): Promise<Verdict> {
  const { cluster } = standing;
  const own = cluster.nodes.filter(({ role }) => role === 'worker')[worker];
  const nodes = cluster.nodes.filter((node) => node.role !== 'worker' || node === own);
  const scenarios = `suites.0.settings.scenarios=${JSON.stringify(rows)}`;
  const given = ['level=smoke', 'suites.0.name=catalogue', scenarios, ...set];
  return await standing.run(catalogueSuite(openNetwork), given, { ...cluster, nodes });
}
