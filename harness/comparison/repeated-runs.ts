import type { ComparedRun } from './compare.ts';

/**
 * Runs that were given more than once, on one side or on both, by their folders. Pure. What was seen once is no second sample,
 * and no run is worse than itself.
 */
export function repeatedRuns(runs: readonly ComparedRun[]): string[] {
  const first = new Map<string, string>();
  return runs.flatMap(({ dir, verdict: { runId, startedAt } }) => {
    const run = `${runId} of ${startedAt}`;
    const other = first.get(run);
    if (other === undefined) first.set(run, dir);
    return other === undefined ? [] : [`${dir} and ${other} are one run, ${run}`];
  });
}
