/** Probes in a row with one outcome. */
export interface Run {
  ok: boolean;
  /** Who answered them, by its own word; null for nobody. */
  by: string | null;
  fromSeq: number;
  toSeq: number;
  /** When the first and the last of them were sent, monotonic milliseconds. */
  fromMono: number;
  toMono: number;
}

interface Pending {
  seq: number;
  mono: number;
  answered: boolean;
  by: string | null;
}

/**
 * Decides of each probe whether it was answered in time, in the order that they were sent, and puts them together as
 * runs. Pure but for its own memory: time comes in with every call.
 */
export class Tracker {
  readonly #timeoutMs: number;
  readonly #pending: Pending[] = [];
  #run: Run | undefined;
  #late = 0;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  sent(seq: number, mono: number): void {
    this.#pending.push({ seq, mono, answered: false, by: null });
  }

  /** @param by whoever answered, as it names itself; the first one counts. */
  answered(seq: number, mono: number, by: string | null): void {
    const probe = this.#pending.find((pending) => pending.seq === seq);
    if (!probe || mono - probe.mono > this.#timeoutMs) this.#late += 1;
    else if (!probe.answered) Object.assign(probe, { answered: true, by });
  }

  /** Runs that ended by a change of outcome, after deciding what can be decided at `mono`. */
  decide(mono: number): Run[] {
    const over: Run[] = [];
    for (let head = this.#pending[0]; head; head = this.#pending[0]) {
      if (!head.answered && mono - head.mono <= this.#timeoutMs) break;
      this.#pending.shift();
      if (this.#run?.ok === head.answered && this.#run.by === head.by) {
        this.#run.toSeq = head.seq;
        this.#run.toMono = head.mono;
        continue;
      }
      if (this.#run) over.push(this.#run);
      this.#run = {
        ok: head.answered,
        by: head.by,
        fromSeq: head.seq,
        toSeq: head.seq,
        fromMono: head.mono,
        toMono: head.mono,
      };
    }
    return over;
  }

  /** The run that goes on, so far; the next one continues it. */
  cut(): Run[] {
    const run = this.#run;
    this.#run = undefined;
    return run ? [run] : [];
  }

  /** Answers too late since the last call. */
  drainLate(): number {
    const late = this.#late;
    this.#late = 0;
    return late;
  }
}
