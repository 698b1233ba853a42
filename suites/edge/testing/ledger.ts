import { memoryRecorder } from '../../../harness/history/writer.ts';
import { type EdgeEvents, edgeEvents } from '../events.ts';
import { Intake } from '../intake.ts';
import { LedgerWriter } from '../workload/ledger-writer.ts';
import { machineClock } from '../workload/program.ts';

/** Programs of one test, whose ledgers go straight into one history: as lines, through the schema. */
export class Ledgers {
  readonly recorder = memoryRecorder(machineClock);
  readonly #intake = new Intake(this.recorder);

  of(epoch: string): LedgerWriter {
    return new LedgerWriter(epoch, machineClock, (line) => this.#intake.take(epoch, line));
  }

  bodies<Type extends keyof EdgeEvents>(type: Type): EdgeEvents[Type][] {
    return edgeEvents(this.recorder.events, type).map(({ body }) => body);
  }
}
