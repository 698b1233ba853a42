import type { Clock } from '../../../harness/clock/clock.ts';
import type { EdgeEntry } from './ledger.ts';

/** Stamps and numbers the lines of one run of a program. */
export class LedgerWriter {
  readonly epoch: string;
  readonly #clock: Clock;
  readonly #out: (line: string) => void;
  #n = 0;

  constructor(epoch: string, clock: Clock, out: (line: string) => void) {
    this.epoch = epoch;
    this.#clock = clock;
    this.#out = out;
  }

  write(entry: EdgeEntry): void {
    const stamp = { epoch: this.epoch, n: this.#n, at: this.#clock.wall(), mono: this.#clock.mono() };
    this.#n += 1;
    this.#out(JSON.stringify({ ...stamp, ...entry }));
  }
}
