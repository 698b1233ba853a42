import { setTimeout as delay } from 'node:timers/promises';

/** Time as a parameter: code that waits or stamps takes one of these and never reads the globals. */
export interface Clock {
  /** Monotonic milliseconds, with fractions; only differences mean something. */
  mono(): number;
  /** Milliseconds since the Unix epoch, with fractions where the platform has them. */
  wall(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  mono: () => performance.now(),
  wall: () => performance.timeOrigin + performance.now(),
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, signal ? { signal } : {});
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    }
  },
};
