import { type EngineEvents, eventsOf, type History } from '../../harness/history/event.ts';
import { type EdgeEvents, edgeEvents } from './events.ts';

/** From just before a fault was injected until it was seen to be gone, on the history's clock. */
interface FaultWindow extends Pick<EdgeEvents['fault.planned'], 'node' | 'cuts' | 'host'> {
  fromMono: number;
  toMono: number;
}

/** When each of the suite's faults was in force; to the end of the record where it was not seen to be gone. */
export function faultWindows(history: History): FaultWindow[] {
  const planned = new Map(edgeEvents(history, 'fault.planned').map(({ body }) => [body.fault, body]));
  const ended = new Map(
    eventsOf<EngineEvents['fault.healed']>(history, 'fault.healed')
      .filter(({ body }) => body.healed)
      .map(({ mono, body }) => [body.fault, mono]),
  );
  return eventsOf<EngineEvents['fault.injecting']>(history, 'fault.injecting').flatMap(({ mono, body }) => {
    const plan = planned.get(body.fault);
    if (!plan) return [];
    const { cuts, host, node } = plan;
    const toMono = ended.get(body.fault) ?? history.at(-1)?.mono ?? mono;
    return [{ cuts, host, node, fromMono: mono, toMono }];
  });
}
