import type { HistoryEvent } from './event.ts';

/**
 * A pure function of a history, or of what was made of one, that goes through it once, however many ask: the requirements
 * of a suite are judged by the same join of the same ledgers. While a history grows, each length of it is a history of its
 * own.
 */
export function remembered<Item = HistoryEvent, Result = unknown>(
  compute: (history: readonly Item[]) => Result,
): (history: readonly Item[]) => Result {
  const known = new WeakMap<readonly Item[], { length: number; result: Result }>();
  return (history) => {
    const before = known.get(history);
    if (before?.length === history.length) return before.result;
    const result = compute(history);
    known.set(history, { length: history.length, result });
    return result;
  };
}
