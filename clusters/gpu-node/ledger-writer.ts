import { appendFileSync } from 'node:fs';
import type { Clock } from '../../harness/clock/clock.ts';
import type { LedgerLine } from './ledger.ts';

type Unstamped<Line> = Line extends unknown ? Omit<Line, 'at' | 'mono'> : never;
export type LedgerEntry = Unstamped<LedgerLine>;

/** Writes lines to a ledger on a node; each is in the file when `write` returns, so that a killed agent loses none. */
export class LedgerWriter<Entry extends object = LedgerEntry> {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #tell: (line: string) => void;

  /** @param tell hears each line as well, where the file is out of the harness's reach. */
  constructor(path: string, clock: Clock, tell: (line: string) => void = () => {}) {
    this.#path = path;
    this.#clock = clock;
    this.#tell = tell;
  }

  write(entry: Entry): void {
    const line = { at: this.#clock.wall(), mono: this.#clock.mono(), ...entry };
    const text = `${JSON.stringify(line)}\n`;
    appendFileSync(this.#path, text);
    this.#tell(text);
  }
}
