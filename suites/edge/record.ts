import { type EngineEvents, eventsOf, type History, type HistoryEvent } from '../../harness/history/event.ts';
import { edgeEvents } from './events.ts';
import { SUITE } from './settings.ts';
import type { EdgeLine } from './workload/ledger.ts';

const LEDGER = 'ledger.';

/** The nodes that the network was brought up with; undefined where that is not in the record. */
export function nodesOf(history: History): string[] | undefined {
  return edgeEvents(history, 'network.up').at(-1)?.body.nodes;
}

/** When this suite reached its steady state; undefined where it did not. */
export function steadyIn(history: History): HistoryEvent | undefined {
  return eventsOf<EngineEvents['steady.reached']>(history, 'steady.reached').find(
    ({ body }) => body.suite === SUITE,
  );
}

/** What of the record itself is missing or torn, whoever kept it: none of it may pass for "nothing happened". */
export function recordDoubts(history: History): string[] {
  const doubts: string[] = [];
  if (!nodesOf(history)) doubts.push('no network was seen to come up');
  const unreadable = edgeEvents(history, 'ledger.unreadable').length;
  if (unreadable > 0) doubts.push(`${unreadable} lines of ledgers could not be read`);
  for (const { body } of edgeEvents(history, 'program.failed')) doubts.push(`${body.program} fell over`);
  const missing = missingLines(history);
  if (missing > 0) doubts.push(`${missing} lines of ledgers are missing`);
  if (edgeEvents(history, 'observation.ended').length === 0)
    doubts.push('the observation was not seen through');
  return doubts;
}

/** Lines that an epoch's numbers skip. */
function missingLines(history: History): number {
  const epochs = new Map<string, Set<number>>();
  for (const { type, body } of history) {
    if (!type.startsWith(LEDGER) || type === 'ledger.unreadable') continue;
    const { epoch, n } = body as Partial<EdgeLine>;
    if (epoch === undefined || n === undefined) continue;
    const seen = epochs.get(epoch) ?? new Set();
    epochs.set(epoch, seen.add(n));
  }
  return [...epochs.values()].reduce((sum, seen) => sum + Math.max(...seen) + 1 - seen.size, 0);
}
