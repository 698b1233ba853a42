import {
  type EngineEvents,
  eventsOf,
  type History,
  type HistoryEvent,
} from '../../../harness/history/event.ts';
import { grouped } from '../../../harness/history/grouped.ts';
import { remembered } from '../../../harness/history/remembered.ts';
import { type Judged, judgeFigure, type Target } from '../../judged.ts';
import { type EdgeEvents, edgeEvents } from '../events.ts';
import { nodesOf, recordDoubts } from '../record.ts';
import { fresh } from '../watchdog/judgement.ts';

type Sample = HistoryEvent<string, EdgeEvents['tunnel.sample']>;

interface Recovery {
  what: string;
  ms: number;
  /** It had not come by the end of the record. */
  open: boolean;
}

/** The tunnel's session is one that both ends may use, and the far end is heard. */
function isWell(sample: Sample, before: Sample | undefined): boolean {
  return fresh(sample.body) && before !== undefined && sample.body.rxBytes > before.body.rxBytes;
}

/** When the observation was over: its workloads end then, and a tunnel without traffic is not a deaf one. */
function endOf(history: History): number {
  return edgeEvents(history, 'observation.ended').at(-1)?.mono ?? Number.POSITIVE_INFINITY;
}

/** Those of the time of the observation, by node. */
const samplesByNode = remembered((history) => {
  const ended = endOf(history);
  return grouped(
    edgeEvents(history, 'tunnel.sample').filter(({ mono }) => mono <= ended),
    ({ body }) => body.node,
  );
});

function samplesOf(history: History, node: string): readonly Sample[] {
  return samplesByNode(history).get(node) ?? [];
}

/** How long the tunnel of a node took to be well again after each fault on it. */
export function recoveries(history: History, node: string): Recovery[] {
  const samples = samplesOf(history, node);
  const well = samples.filter((sample, at) => isWell(sample, samples[at - 1]));
  const last = samples.at(-1);
  const planned = new Set(
    edgeEvents(history, 'fault.planned')
      .filter(({ body }) => body.node === node)
      .map(({ body }) => body.fault),
  );
  const afterFaults = eventsOf<EngineEvents['fault.healing']>(history, 'fault.healing')
    .filter(({ body }) => planned.has(body.fault))
    .map(({ mono, body }): Recovery => {
      const back = well.find((sample) => sample.mono >= mono);
      const end = back?.mono ?? last?.mono ?? mono;
      return {
        what: `after ${body.fault} on ${node}`,
        ms: Math.max(0, end - mono),
        open: back === undefined,
      };
    });
  const lastWell = well.at(-1);
  if (!last || last === lastWell) return afterFaults;
  const ms = last.mono - (lastWell?.mono ?? samples[0]?.mono ?? last.mono);
  return [...afterFaults, { what: `at the end on ${node}`, ms, open: true }];
}

/** Restarts by a watchdog that no alert tells of; which in a row each was, both of them say. */
function withoutAlert(history: History): number {
  const open = new Map<string, number>();
  const count = (type: 'watchdog.restarted' | 'alert.received', by: number) => {
    for (const { body } of edgeEvents(history, type)) {
      const key = `${body.node} ${body.restart}`;
      open.set(key, (open.get(key) ?? 0) + by);
    }
  };
  count('watchdog.restarted', 1);
  count('alert.received', -1);
  return [...open.values()].reduce((sum, left) => sum + Math.max(0, left), 0);
}

/** EDGE-4: once what broke a tunnel is gone, it has a fresh handshake and hears the far end, without a hand. */
export function checkSelfHeal(history: History, target: Target): Judged {
  if (edgeEvents(history, 'network.up').some(({ body }) => body.found)) {
    const reason =
      'the links were found as they are: of their tunnels, which are not the harness’s, nothing can be seen';
    return judgeFigure(null, 0, target, 's', { reason, doubts: [] });
  }
  const nodes = nodesOf(history) ?? [];
  const doubts = [...recordDoubts(history)];
  for (const node of nodes) {
    const last = samplesOf(history, node).at(-1);
    // Later than that, it could have been away for too long and nobody would know.
    if (!last) doubts.push(`the tunnel of ${node} was not sampled`);
    else if (endOf(history) - last.mono > target.threshold * 1_000)
      doubts.push(`the tunnel of ${node} was not sampled to the end`);
  }
  const began = (type: 'fault.injecting' | 'fault.healing') =>
    new Set(eventsOf<EngineEvents[typeof type]>(history, type).map(({ body }) => body.fault));
  const [injecting, healing] = [began('fault.injecting'), began('fault.healing')];
  for (const { body } of edgeEvents(history, 'fault.planned')) {
    if (body.node !== null && injecting.has(body.fault) && !healing.has(body.fault))
      doubts.push(`when ${body.fault} on ${body.node} was healed is not known`);
  }
  const restarts = edgeEvents(history, 'watchdog.restarted').length;
  const quiet = withoutAlert(history);
  if (quiet > 0) doubts.push(`${quiet} restarts by the watchdog raised no alert`);
  const all = nodes.flatMap((node) => recoveries(history, node));
  // One that is open has lasted too long, or it is not known yet how long it lasts.
  for (const { ms, open, what } of all) {
    if (open && ms <= target.threshold * 1_000) doubts.push(`the record ends too early to tell ${what}`);
  }
  const worst = [...all].sort((a, b) => b.ms - a.ms)[0];
  const seconds = (worst?.ms ?? 0) / 1_000;
  const how = worst?.open ? 'not back' : 'back';
  const watchdog = restarts > 0 ? `; the watchdog restarted tunnels ${restarts} times` : '';
  const reason = worst
    ? `${all.length} times a tunnel had to come back; the slowest was ${how} ${seconds.toFixed(1)} s ${worst.what}${watchdog}`
    : 'no tunnel had anything to come back from';
  return judgeFigure(worst ? seconds : null, all.length, target, 's', { reason, doubts });
}
