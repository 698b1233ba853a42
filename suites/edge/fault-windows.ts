import { type EngineEvents, eventsOf, type History } from '../../harness/history/event.ts';
import type { Outage, Timeline } from './connectivity.ts';
import { type EdgeEvents, edgeEvents } from './events.ts';

/** From just before a fault was injected until it was seen to be gone, on the history's clock. */
interface FaultWindow extends Pick<EdgeEvents['fault.planned'], 'node' | 'cuts' | 'host'> {
  fromMono: number;
  toMono: number;
  /** How much longer than planned it was in force: the harness's own doing, not the cluster's. */
  overMs: number;
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
    const { cuts, holdMs, host, node } = plan;
    const toMono = ended.get(body.fault) ?? history.at(-1)?.mono ?? mono;
    const overMs = Math.max(0, toMono - mono - holdMs);
    return [{ cuts, host, node, fromMono: mono, toMono, overMs }];
  });
}

/** A silence begins with the first probe that has no answer, which may have been sent so long before a fault came: an answer takes time. */
const BEFORE_MS = 2_000;
/** After a cut was mended, its disconnect may go on for so long and still be its own: EDGE-4's limit. */
const AFTERMATH_MS = 10_000;

/** Whether a fault that acts on what the host sends accounts for a silence, on the history's clock, from its beginning to its end. */
export function accountsFor({ fromMono, toMono }: FaultWindow, from: number, to: number): boolean {
  const beganBy = fromMono - BEFORE_MS <= from && from <= toMono;
  return beganBy && fromMono <= to && to <= toMono + AFTERMATH_MS;
}

/** Finds the fault that cuts whatever remedies there are, on whose account a disconnect of a timeline is, if any. */
export function cutFinder(
  history: History,
): (
  way: Pick<Timeline, 'node' | 'toHistoryMs'>,
  outage: Pick<Outage, 'fromMono' | 'ms'>,
) => FaultWindow | undefined {
  const cuts = faultWindows(history).filter((window) => window.cuts);
  return ({ node, toHistoryMs }, { fromMono, ms }) => {
    const from = fromMono + toHistoryMs;
    return cuts.find(
      (window) =>
        window.node === node &&
        window.fromMono <= from + ms &&
        window.fromMono - BEFORE_MS <= from &&
        from <= window.toMono + AFTERMATH_MS,
    );
  };
}
