import { eventsOf, type History } from '../../../harness/history/event.ts';

/** What of the record itself is missing or torn: none of it may pass for "nothing happened". */
export function recordDoubts(history: History): string[] {
  const doubts: string[] = [];
  const count = (type: string, what: string) => {
    const { length } = eventsOf(history, type);
    if (length > 0) doubts.push(`${length} ${what}`);
  };
  count('ledger.unreadable', 'lines of a node’s ledger could not be read');
  count('gpu.log-unreadable', 'containers’ logs could not be read');
  count('ledger.settings.refused', 'times a node refused its settings');
  return doubts;
}
