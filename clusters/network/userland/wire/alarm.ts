import type { Clock } from '../../../../harness/clock/clock.ts';

/** Wakes a machine of events and deadlines when its next deadline has come. */
export class Alarm {
  readonly #clock: Clock;
  readonly #wake: () => void;
  #timer: NodeJS.Timeout | undefined;
  #rings = Number.POSITIVE_INFINITY;
  #wanted = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** Monotonic time; infinity for never. A later time keeps the timer, which then finds that it rang too early. */
  set(at: number): void {
    this.#wanted = at;
    if (at < this.#rings) this.#arm();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#rings = Number.POSITIVE_INFINITY;
    this.#wanted = Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#rings = this.#wanted;
    if (this.#rings === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(
      () => {
        this.#rings = Number.POSITIVE_INFINITY;
        if (this.#clock.mono() >= this.#wanted) this.#wake();
        else this.#arm();
      },
      Math.ceil(Math.max(0, this.#rings - this.#clock.mono())),
    );
  }
}
