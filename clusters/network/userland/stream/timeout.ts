/** The retransmission timeout: RFC 6298, with Linux's least of 200 ms. */
const FIRST_MS = 1_000;
const LEAST_MS = 200;
const MOST_MS = 120_000;

export class RetransmissionTimeout {
  #smoothed: number | undefined;
  #variation = 0;
  #base = FIRST_MS;
  #backOff = 1;

  get ms(): number {
    return Math.min(this.#base * this.#backOff, MOST_MS);
  }

  /** A round trip of something that was sent once only (Karn). */
  measured(roundTripMs: number): void {
    if (this.#smoothed === undefined) {
      this.#smoothed = roundTripMs;
      this.#variation = roundTripMs / 2;
    } else {
      this.#variation += (Math.abs(this.#smoothed - roundTripMs) - this.#variation) / 4;
      this.#smoothed += (roundTripMs - this.#smoothed) / 8;
    }
    this.#base = Math.max(LEAST_MS, this.#smoothed + 4 * this.#variation);
  }

  doubled(): void {
    this.#backOff *= 2;
  }

  /** The far end has acknowledged something new. */
  progressed(): void {
    this.#backOff = 1;
  }
}
