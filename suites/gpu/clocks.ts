import type { Cluster, NodeClock } from '../../clusters/port.ts';
import type { SuiteContext } from '../../harness/run/ports.ts';

/**
 * Shows and records how far each node's clock is from the harness's, for whoever reads stamps of both beside each other. No
 * requirement rests on it: each takes both ends of what it measures from one clock, and GPU-9 learns the node's itself.
 */
export async function recordClocks({ cluster, progress, recorder }: SuiteContext<Cluster>): Promise<void> {
  for (const { node, ...clock } of (await cluster.clocks?.()) ?? []) {
    recorder.record(`node/${node}`, 'node.clock', clock);
    progress(`gpu: the clock of ${node} ${clockWords(clock)}`);
  }
}

/** Pure. */
function clockWords(clock: Omit<NodeClock, 'node'>): string {
  if ('unseen' in clock) return `was not seen: ${clock.unseen}`;
  const { fromMs, toMs } = clock as { fromMs: number; toMs: number };
  return `is ${fromMs.toFixed(1)} to ${toMs.toFixed(1)} ms ahead of the harness’s`;
}
