import type { History } from '../../../harness/history/event.ts';
import { probeRuns, type Timeline } from '../connectivity.ts';
import { edgeEvents } from '../events.ts';
import { nodesOf, steadyIn } from '../record.ts';
import type { ProbePath } from '../workload/ledger.ts';

/** What keeps the probes of one way, on all nodes, from being the whole story. */
export function pathDoubts(history: History, ways: readonly Timeline[], path: ProbePath): string[] {
  const doubts = (nodesOf(history) ?? [])
    .filter((node) => !ways.some((way) => way.node === node && way.path === path))
    .map((node) => `no probe of ${node} by ${path}`);
  const steady = steadyIn(history)?.seq;
  if (steady === undefined) doubts.push('the steady state was not reached');
  const ended = edgeEvents(history, 'observation.ended').at(-1)?.seq ?? Number.POSITIVE_INFINITY;
  for (const way of ways.filter((each) => each.path === path)) {
    doubts.push(...way.doubts);
    const seen = probeRuns(history, way);
    const first = seen[0]?.seq ?? Number.POSITIVE_INFINITY;
    const last = seen.at(-1)?.seq ?? -1;
    if (steady !== undefined && first > steady) doubts.push(`the probe of ${way.node} by ${path} began late`);
    if (last < ended) doubts.push(`the probe of ${way.node} by ${path} fell silent before the end`);
  }
  return doubts;
}

/** Stretches in which nobody looked: one that is longer than this could hide a silence that counts, from its beginning to its end. */
export function unseenDoubts(ways: readonly Timeline[], mostMs: number): string[] {
  return ways
    .filter(({ unseenMs }) => unseenMs > mostMs)
    .map(
      ({ node, path, unseenMs }) =>
        `nobody looked on ${node} by ${path} for ${(unseenMs / 1_000).toFixed(1)} s`,
    );
}
