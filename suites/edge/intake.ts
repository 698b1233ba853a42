import { messageOf } from '../../harness/errors/error.ts';
import type { Recorder } from '../../harness/history/event.ts';
import { EdgeLine } from './workload/ledger.ts';

/** Brings ledger lines into the history, each once: a log that is read again says again what it said before. */
export class Intake {
  readonly #recorder: Recorder;
  /** By epoch: the numbers of the lines that came. */
  readonly #seen = new Map<string, Set<number>>();
  readonly #unreadable = new Set<string>();

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  /** @param source who keeps the ledger: `pod/<namespace>/<name>`, `cloud`, `node/<name>` */
  take(source: string, text: string): void {
    // A pod's log has what its program printed besides: a warning of the runtime is no ledger.
    if (!text.startsWith('{')) return;
    let line: EdgeLine;
    try {
      line = EdgeLine.parse(JSON.parse(text));
    } catch (error) {
      const key = `${source} ${text}`;
      if (this.#unreadable.has(key)) return;
      this.#unreadable.add(key);
      const body = { text: text.slice(0, 200), reason: messageOf(error) };
      this.#recorder.record(source, 'ledger.unreadable', body);
      return;
    }
    const seen = this.#seen.get(line.epoch) ?? new Set();
    if (seen.has(line.n)) return;
    this.#seen.set(line.epoch, seen.add(line.n));
    this.#recorder.record(source, `ledger.${line.type}`, line);
  }
}
