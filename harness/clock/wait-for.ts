import { EXIT, OrdealError } from '../errors/error.ts';
import { type Clock, systemClock } from './clock.ts';

export interface WaitOptions {
  /** What is awaited, as the reader of an error wants it: "3 nodes Ready". */
  what: string;
  deadlineMs: number;
  /** Pause between two looks; 100 ms unless told. */
  intervalMs?: number;
  clock?: Clock;
  signal?: AbortSignal;
  /** What the last look saw, for the error. */
  seen?: () => string;
}

/**
 * Looks until `probe` gives something other than undefined or false, and returns that.
 * @throws OrdealError WAIT_DEADLINE (exit 4) when the deadline passes; the signal's reason when it aborts.
 */
export async function waitFor<T>(
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  options: WaitOptions,
): Promise<T> {
  const clock = options.clock ?? systemClock;
  const start = clock.mono();
  for (;;) {
    options.signal?.throwIfAborted();
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (clock.mono() - start >= options.deadlineMs) {
      throw new OrdealError({
        code: 'WAIT_DEADLINE',
        exit: EXIT.unable,
        tried: `waiting ${options.deadlineMs} ms for ${options.what}`,
        seen: options.seen?.() ?? 'it did not come',
        todo: 'look at the run’s events.jsonl and the cluster’s logs, or raise the deadline',
      });
    }
    await clock.sleep(options.intervalMs ?? 100, options.signal);
  }
}
