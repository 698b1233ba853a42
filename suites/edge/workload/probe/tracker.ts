/** Probes in a row with one outcome. */
export interface Run {
  ok: boolean;
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
    this.#pending.push({ seq, mono, answered: false });
  }

  answered(seq: number, mono: number): void {
    const probe = this.#pending.find((pending) => pending.seq === seq);
    if (probe && mono - probe.mono <= this.#timeoutMs) probe.answered = true;
    else this.#late += 1;
  }

  /** Runs that ended by a change of outcome, after deciding what can be decided at `mono`. */
  decide(mono: number): Run[] {
    const over: Run[] = [];
    for (let head = this.#pending[0]; head; head = this.#pending[0]) {
      if (!head.answered && mono - head.mono <= this.#timeoutMs) break;
      this.#pending.shift();
      if (this.#run?.ok === head.answered) {
        this.#run.toSeq = head.seq;
        this.#run.toMono = head.mono;
        continue;
      }
      if (this.#run) over.push(this.#run);
      this.#run = {
        ok: head.answered,
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
