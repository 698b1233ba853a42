import type { BrokerControl } from '../../faults/network/broker-restart.ts';
import type { Clock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import type { History, Recorder } from '../../harness/history/event.ts';
import type { RunningProgram } from '../programs.ts';
import { edgeEvents } from './events.ts';
import type { CloudOrder } from './workload/cloud/cloud.ts';

const TURN_MS = 15_000;

/** The cloud's broker through its program: orders on standard input, answers in its ledger. */
export function brokerControl(program: RunningProgram, recorder: Recorder, clock: Clock): BrokerControl {
  const isUp = (history: History) => edgeEvents(history, 'ledger.cloud.broker').at(-1)?.body.up ?? false;
  let ordered: boolean | undefined;
  return {
    isUp,
    async turn(up) {
      // An order that was not answered in time may be carried out yet.
      if (isUp(recorder.events) === up && (ordered ?? up) === up) return;
      ordered = up;
      program.order({ broker: up ? 'up' : 'down' } satisfies CloudOrder);
      await waitFor(() => isUp(recorder.events) === up, {
        what: `the broker ${up ? 'up' : 'down'}`,
        deadlineMs: TURN_MS,
        clock,
      });
    },
    disconnected: (history, sinceSeq) =>
      edgeEvents(history, 'ledger.collector.closed').filter(({ seq }) => seq >= sinceSeq).length,
  };
}
