import type { Clock } from '../clock.ts';

const EPOCH = Date.UTC(2024, 0, 1);

/** Time that stands still until it is told to go on. */
export class ManualClock implements Clock {
  #now = 0;
  #sleepers: { due: number; wake: () => void }[] = [];

  mono(): number {
    return this.#now;
  }

  wall(): number {
    return EPOCH + this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const sleeper = { due: this.#now + Math.max(0, ms), wake };
      const abort = () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal?.reason);
      };
      if (signal?.aborted) return abort();
      signal?.addEventListener('abort', abort, { once: true });
      this.#sleepers.push(sleeper);
    });
  }

  /** Lets so much time pass: sleepers wake in the order they are due, each after what the one before did is done. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      const next = this.#sleepers.toSorted((a, b) => a.due - b.due)[0];
      if (!next || next.due > until) break;
      this.#sleepers = this.#sleepers.filter((other) => other !== next);
      this.#now = next.due;
      next.wake();
      await settled();
    }
    this.#now = until;
    await settled();
  }
}

/** Once every promise that could settle has. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
