import type { Clock } from '../../harness/clock/clock.ts';
import type { Store } from './store.ts';

/** What the API server keeps an Event for. */
const KEPT_MS = 3_600_000;
const SWEEP_MS = 60_000;

/** Forgets Events that were not said for an hour. */
export class EventExpiry {
  readonly #store: Store;
  readonly #clock: Clock;
  #timer: NodeJS.Timeout | undefined;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  start(): void {
    this.#timer = setInterval(() => this.sweep(), SWEEP_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  sweep(): void {
    const before = this.#clock.wall() - KEPT_MS;
    for (const { lastTimestamp, metadata } of this.#store.list('events')) {
      if (Date.parse(lastTimestamp ?? metadata.creationTimestamp) < before)
        this.#store.remove('events', metadata.namespace, metadata.name);
    }
  }
}
