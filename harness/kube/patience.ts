import type { Clock } from '../clock/clock.ts';

/** What a call still gets once the time of all of them is over: a server that is back answers the smallest one within. */
const LEAST_MS = 5_000;

/**
 * For how long the answers of one API server are waited for. Calls to one that answers none share one deadline, from the
 * first of them on: whoever heals and takes down makes dozens, and would wait for each of them anew.
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
    return Math.ceil(Math.max(this.#callMs - (now - this.#silentMono), Math.min(LEAST_MS, this.#callMs)));
  }

  /** Whatever was answered. */
  answered(): void {
    this.#silentMono = undefined;
  }
}
