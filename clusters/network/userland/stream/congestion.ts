/** The congestion window: slow start, avoidance, and fast recovery as NewReno has it (RFC 5681, RFC 6582). */
const INITIAL_SEGMENTS = 10;
const DUPLICATES = 3;

export class Congestion {
  readonly #mss: number;
  #window: number;
  #threshold = Number.POSITIVE_INFINITY;
  #duplicates = 0;
  /** What had been sent when recovery began; it ends when all of that is acknowledged. */
  #recover: number | undefined;

  constructor(mss: number) {
    this.#mss = mss;
    this.#window = INITIAL_SEGMENTS * mss;
  }

  get window(): number {
    return this.#window;
  }

  /** New bytes were acknowledged; true where the segment after them is lost as well. */
  acknowledged(bytes: number, upTo: number): boolean {
    this.#duplicates = 0;
    if (this.#recover !== undefined) {
      if (upTo < this.#recover) {
        this.#window = Math.max(this.#mss, this.#window - bytes + this.#mss);
        return true;
      }
      this.#recover = undefined;
      this.#window = this.#threshold;
    } else if (this.#window < this.#threshold) this.#window += Math.min(bytes, this.#mss);
    else this.#window += (this.#mss * this.#mss) / this.#window;
    return false;
  }

  /** The same number was acknowledged again; true where that says that the segment there is lost. */
  duplicate(inFlight: number, sentUpTo: number): boolean {
    if (this.#recover !== undefined) {
      this.#window += this.#mss;
      return false;
    }
    this.#duplicates += 1;
    if (this.#duplicates < DUPLICATES) return false;
    this.#halve(inFlight);
    this.#window = this.#threshold + DUPLICATES * this.#mss;
    this.#recover = sentUpTo;
    return true;
  }

  timedOut(inFlight: number): void {
    this.#halve(inFlight);
    this.#window = this.#mss;
    this.#duplicates = 0;
    this.#recover = undefined;
  }

  #halve(inFlight: number): void {
    this.#threshold = Math.max(inFlight / 2, 2 * this.#mss);
  }
}
