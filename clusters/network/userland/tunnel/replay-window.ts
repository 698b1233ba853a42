const SIZE = 2048;

/** Which counters of a session have come: each passes once, and none that lies too far back (RFC 6479). */
export class ReplayWindow {
  readonly #last = new Float64Array(SIZE).fill(-1);
  #highest = -1;

  /** True once for a counter. */
  take(counter: number): boolean {
    if (counter <= this.#highest - SIZE) return false;
    const slot = counter % SIZE;
    if (this.#last[slot] === counter) return false;
    this.#last[slot] = counter;
    this.#highest = Math.max(this.#highest, counter);
    return true;
  }
}
