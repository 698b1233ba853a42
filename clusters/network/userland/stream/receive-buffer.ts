/** Puts what arrives in order; what came too early waits, as far as the window goes. */
export class ReceiveBuffer {
  readonly #capacity: number;
  readonly #early: { at: number; bytes: Buffer }[] = [];
  #next: number;
  #unconsumed = 0;

  constructor(next: number, capacity: number) {
    this.#next = next;
    this.#capacity = capacity;
  }

  /** The next byte that is expected. */
  get next(): number {
    return this.#next;
  }

  /** How many bytes from `next` on have room. */
  get window(): number {
    return this.#capacity - this.#unconsumed;
  }

  /** Takes what lies in the window and returns what is in order now. */
  take(seq: number, data: Buffer): Buffer[] {
    const from = Math.max(seq, this.#next);
    const bytes = data.subarray(from - seq, Math.max(0, this.#next + this.window - seq));
    if (bytes.length > 0) this.#insert(from, bytes);
    const ready: Buffer[] = [];
    for (let first = this.#early[0]; first && first.at <= this.#next; first = this.#early[0]) {
      this.#early.shift();
      const fresh = first.bytes.subarray(this.#next - first.at);
      if (fresh.length === 0) continue;
      ready.push(fresh);
      this.#next += fresh.length;
      this.#unconsumed += fresh.length;
    }
    return ready;
  }

  /** The reader has taken so many of the bytes that were in order. */
  consumed(bytes: number): void {
    this.#unconsumed -= bytes;
  }

  /** The far end's FIN takes a number as well. */
  skip(): void {
    this.#next += 1;
  }

  #insert(at: number, bytes: Buffer): void {
    let index = this.#early.length;
    while (index > 0 && (this.#early[index - 1] as { at: number }).at > at) index -= 1;
    const before = this.#early[index - 1];
    // What is there already need not be kept twice.
    if (before && before.at + before.bytes.length >= at + bytes.length) return;
    this.#early.splice(index, 0, { at, bytes });
  }
}
