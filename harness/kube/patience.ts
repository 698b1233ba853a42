import type { Clock } from '../clock/clock.ts';

/** What a call still gets once the time of all of them is over: a server that is back answers the smallest one within. */
const LEAST_MS = 5_000;

/**
 * For how long the answers of one API server are waited for. Calls to one that answers none share one deadline, from the
 * first of them on: whoever heals and takes down makes dozens, and would wait for each of them anew. It is that of two
 * calls: what fails in an outage is healed by a second one, which waits as long as the first.
 */
export class Patience {
  readonly #callMs: number;
  readonly #clock: Clock;
  /** When the first call began since the last answer. */
  #silentMono: number | undefined;

  constructor(callMs: number, clock: Clock) {
    this.#callMs = callMs;
    this.#clock = clock;
  }

  /** A call begins; for how many whole ms its answer is waited for. */
  begun(): number {
    const now = this.#clock.mono();
    this.#silentMono ??= now;
    const remainingMs = 2 * this.#callMs - (now - this.#silentMono);
    return Math.ceil(Math.min(this.#callMs, Math.max(remainingMs, LEAST_MS)));
  }

  /** Whatever was answered. */
  answered(): void {
    this.#silentMono = undefined;
  }
}
