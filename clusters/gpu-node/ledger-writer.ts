import { appendFileSync } from 'node:fs';
import type { Clock } from '../../harness/clock/clock.ts';
import type { LedgerLine } from './ledger.ts';

type Unstamped<Line> = Line extends unknown ? Omit<Line, 'at' | 'mono'> : never;
export type LedgerEntry = Unstamped<LedgerLine>;

/** Writes lines to a ledger on a node; each is in the file when `write` returns, so that a killed agent loses none. */
export class LedgerWriter<Entry extends object = LedgerEntry> {
  readonly #path: string;
  readonly #clock: Clock;

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  write(entry: Entry): void {
    const line = { at: this.#clock.wall(), mono: this.#clock.mono(), ...entry };
    appendFileSync(this.#path, `${JSON.stringify(line)}\n`);
  }
}
