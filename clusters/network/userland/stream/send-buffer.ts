/** Bytes that were written and not acknowledged yet, by their sequence numbers. */
export class SendBuffer {
  readonly #chunks: { at: number; bytes: Buffer }[] = [];
  #start: number;
  #end: number;

  constructor(start: number) {
    this.#start = start;
    this.#end = start;
  }

  /** The number after the last byte. */
  get end(): number {
    return this.#end;
  }

  get length(): number {
    return this.#end - this.#start;
  }

  append(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#chunks.push({ at: this.#end, bytes });
    this.#end += bytes.length;
  }

  /** Forgets what lies before a number. */
  acknowledge(upTo: number): void {
    this.#start = Math.min(Math.max(this.#start, upTo), this.#end);
    while (this.#chunks[0] && this.#chunks[0].at + this.#chunks[0].bytes.length <= this.#start)
      this.#chunks.shift();
  }

  /** At most so many bytes from a number on. */
  slice(from: number, most: number): Buffer {
    const parts: Buffer[] = [];
    let at = from;
    const end = Math.min(from + most, this.#end);
    for (const chunk of this.#chunks) {
      if (at >= end) break;
      if (chunk.at + chunk.bytes.length <= at) continue;
      const part = chunk.bytes.subarray(at - chunk.at, end - chunk.at);
      parts.push(part);
      at += part.length;
    }
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  }
}
