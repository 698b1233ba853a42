import { eventsOf, type History } from '../../../harness/history/event.ts';
import { remembered } from '../../../harness/history/remembered.ts';
import { LEDGER_TYPES, type SuiteEvents } from '../events.ts';
import { podsOf } from '../pods.ts';

/** What of the record itself is missing or torn: none of it may pass for "nothing happened". */
export const recordDoubts = remembered((history): readonly string[] => {
  const doubts: string[] = [];
  const count = (type: string, what: string) => {
    const { length } = eventsOf(history, type);
    if (length > 0) doubts.push(`${length} ${what}`);
  };
  count('ledger.unreadable', 'lines of a node’s ledger could not be read');
  count('gpu.log-unreadable', 'containers’ logs could not be read');
  count('ledger.settings.refused', 'times a node refused its settings');
  return [...doubts, ...unseenPods(history), ...clockDoubts(history)];
});

/** A watch that was begun anew tells what the pods are, and not what they were in between. */
function missedPods(history: History): string[] {
  const times = eventsOf<SuiteEvents['watch.trouble']>(history, 'watch.trouble').filter(
    ({ body }) => body.missed,
  ).length;
  return times === 0
    ? []
    : [`what became of the pods was not told ${times} times, and they were listed anew`];
}

/** Pods that there must have been, by what else is in the record. */
export const unseenPods = remembered((history): readonly string[] => {
  const doubts = missedPods(history);
  let unknown = 0;
  const ofJob = new Map<string, number>();
  for (const { seen } of podsOf(history).values()) {
    const last = seen.at(-1)?.body;
    if (!last) unknown += 1;
    else if (last.job !== null) ofJob.set(last.job, (ofJob.get(last.job) ?? 0) + 1);
  }
  for (const { body } of eventsOf<SuiteEvents['job.created']>(history, 'job.created')) {
    const seen = ofJob.get(body.job) ?? 0;
    if (seen < body.replicas) doubts.push(`of ${body.replicas} pods of Job ${body.job} ${seen} were seen`);
  }
  if (unknown > 0) doubts.push(`${unknown} pods whose containers looked at their GPUs were never seen`);
  return doubts;
});

/** A node's ledger is one process's, and its monotonic clock begins anew with that alone. */
function clockDoubts(history: History): string[] {
  const clocks = new Map<string, number>();
  const backwards = new Set<string>();
  for (const { body, source, type } of history) {
    if (!LEDGER_TYPES.has(type)) continue;
    const { mono } = body as { mono?: unknown };
    if (typeof mono !== 'number') continue;
    if (type !== 'ledger.agent.started' && mono < (clocks.get(source) ?? mono)) backwards.add(source);
    clocks.set(source, mono);
  }
  return [...backwards].map((source) => `the clock of ${source} ran backwards`);
}
