import { eventsOf, type History, type HistoryEvent } from '../../harness/history/event.ts';
import { LEDGER_TYPES, type PodSeen, type SuiteEvents } from './events.ts';

/**
 * Add the answer to a node's own clock to get the history's, in ms: of all that was written the line that came
 * quickest, so that a node whose clock is off is still drawn where it was.
 */
export function ledgerClocks(history: History): (source: string) => number {
  const offsets = new Map<string, number>();
  for (const { type, mono, source, body } of history as HistoryEvent<string, { mono: number }>[]) {
    if (LEDGER_TYPES.has(type))
      offsets.set(source, Math.min(offsets.get(source) ?? Infinity, mono - body.mono));
  }
  return (source) => offsets.get(source) ?? 0;
}

/** The same for the container runtime's stamps on what pods said, by node. */
export function podClocks(history: History): (node: string) => number {
  const nodes = new Map(
    eventsOf<PodSeen>(history, 'pod.seen').map(({ body }) => [body.uid, body.node ?? '']),
  );
  const offsets = new Map<string, number>();
  for (const { mono, body } of eventsOf<SuiteEvents['gpu.probe']>(history, 'gpu.probe')) {
    const node = nodes.get(body.podUid) ?? '';
    offsets.set(node, Math.min(offsets.get(node) ?? Infinity, mono - body.at));
  }
  return (node) => offsets.get(node) ?? 0;
}
