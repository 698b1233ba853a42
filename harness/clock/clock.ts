import { setTimeout as delay } from 'node:timers/promises';

/** Time as a parameter: code that waits or stamps takes one of these and never reads the globals. */
export interface Clock {
  /** Monotonic milliseconds, with fractions; only differences mean something. */
  mono(): number;
  /** Milliseconds since the Unix epoch, with fractions where the platform has them. */
  wall(): number;
  /** Resolves after `ms`, and never before; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** As long as a timer can be. */
const LONGEST_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  mono: () => performance.now(),
  wall: () => performance.timeOrigin + performance.now(),
  sleep: async (ms, signal) => {
    const until = performance.now() + ms;
    try {
      let left = ms;
      do {
        await delay(Math.min(left, LONGEST_MS), undefined, signal ? { signal } : {});
        // A timer counts whole milliseconds of its loop: it may fire by a fraction of one too soon.
        left = until - performance.now();
      } while (left > 0);
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    }
  },
};
