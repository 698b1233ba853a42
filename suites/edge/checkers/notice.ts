import type { History } from '../../../harness/history/event.ts';
import { type Judged, judgeFigure, type Target } from '../../judged.ts';
import { type Outage, type Timeline, timelines } from '../connectivity.ts';
import { edgeEvents, type PodSeen } from '../events.ts';
import { faultWindows } from '../fault-windows.ts';
import { recordDoubts } from '../record.ts';
import { pathDoubts, unseenDoubts } from './doubts.ts';

/** What the orchestrator takes a node's collectors for, from a moment on. */
interface State {
  mono: number;
  /** At least one of them runs and is ready, as far as it knows. */
  served: boolean;
  restarts: number;
}

interface Notice {
  node: string;
  outage: Outage;
  /** undefined: nobody noticed while it lasted. */
  afterMs: number | undefined;
}

function statesOf(history: History, node: string): State[] {
  const pods = new Map<string, PodSeen>();
  return edgeEvents(history, 'collector.seen').flatMap(({ mono, body }) => {
    if (body.node !== node) return [];
    pods.set(body.uid, body);
    const seen = [...pods.values()];
    return [
      {
        mono,
        served: seen.some(({ gone, phase, ready }) => !gone && phase === 'Running' && ready),
        restarts: seen.reduce((sum, { restarts }) => sum + restarts, 0),
      },
    ];
  });
}

/** Disconnects of a node's tunnel that are longer than its collectors' probes may take, and when each was noticed. */
export function notices(history: History, way: Timeline, thresholdS: number): Notice[] {
  const states = statesOf(history, way.node);
  return way.outages
    .filter(({ ms }) => ms > thresholdS * 1_000)
    .map((outage) => ({ node: way.node, outage, afterMs: noticedAfterMs(states, way, outage) }));
}

/** Ms from the start of a disconnect to the orchestrator's notice; undefined where it took none while it lasted. */
function noticedAfterMs(states: readonly State[], way: Timeline, outage: Outage): number | undefined {
  const from = outage.fromMono + way.toHistoryMs;
  const before = states.findLast(({ mono }) => mono <= from);
  if (before && !before.served) return 0;
  const notice = states.find(
    ({ mono, restarts, served }) =>
      mono > from && mono <= from + outage.ms && (!served || restarts > (before?.restarts ?? 0)),
  );
  return notice && notice.mono - from;
}

/** Shorter than this, a disconnect makes no collector unready. */
const UNREADY_AFTER_MS = 1_000;

/**
 * The disconnects whose collectors nobody had taken for ready for as long as a notice may take when they began, by no earlier one's
 * doing, nor by the cloud's: one that is never ready notices nothing.
 */
function unreadyBefore(history: History, way: Timeline, thresholdS: number): number {
  const states = statesOf(history, way.node);
  const spans = [
    ...way.outages
      .filter(({ ms }) => ms >= UNREADY_AFTER_MS)
      .map(({ fromMono, toMono }) => ({
        fromMono: fromMono + way.toHistoryMs,
        toMono: toMono + way.toHistoryMs,
      })),
    ...faultWindows(history).filter(({ node }) => node === null),
  ];
  return notices(history, way, thresholdS).filter(({ outage }) => {
    const from = outage.fromMono + way.toHistoryMs;
    const last = states.findLastIndex(({ mono }) => mono <= from);
    if (last < 0 || states[last]?.served) return false;
    const since = states[states.findLastIndex(({ served }, at) => at < last && served) + 1];
    if (!since || from - since.mono <= 1_000 * thresholdS) return false;
    return !spans.some(
      ({ fromMono, toMono }) => fromMono <= since.mono && since.mono <= toMono + 1_000 * thresholdS,
    );
  }).length;
}

/** A watch that was begun anew tells what the pods are, and not what they were in between. */
function missedPods(history: History): string[] {
  const times = edgeEvents(history, 'watch.trouble').filter(({ body }) => body.missed).length;
  return times === 0
    ? []
    : [`what became of the pods was not told ${times} times, and they were listed anew`];
}

/** EDGE-3: a collector that is cut off for longer than its probes need is NotReady or restarted: never Running and deaf. */
export function checkNotice(history: History, target: Target): Judged {
  const all = timelines(history);
  const ways = all.filter(({ path }) => path === 'tunnel');
  const doubts = [
    ...recordDoubts(history),
    ...missedPods(history),
    ...pathDoubts(history, all, 'tunnel'),
    ...unseenDoubts(ways, 1_000 * target.threshold),
  ];
  const seen = ways.flatMap((way) => {
    if (statesOf(history, way.node).length === 0) doubts.push(`no collector’s pod was seen on ${way.node}`);
    const unready = unreadyBefore(history, way, target.threshold);
    if (unready > 0)
      doubts.push(
        `no collector was ready on ${way.node} before ${unready} of its disconnects, which nothing tells of`,
      );
    return notices(history, way, target.threshold);
  });
  const deaf = seen.filter(({ afterMs }) => afterMs === undefined);
  const worst = seen.reduce((most, { afterMs, outage }) => Math.max(most, afterMs ?? outage.ms), 0) / 1_000;
  const reason =
    seen.length === 0
      ? `no disconnect was longer than the ${target.threshold} s that the probes may take`
      : deaf[0]
        ? `${deaf.length} of ${seen.length} disconnects went unnoticed: Running and deaf on ${deaf[0].node} for ${(deaf[0].outage.ms / 1_000).toFixed(1)} s`
        : `${seen.length} disconnects were noticed, the last of them after ${worst.toFixed(1)} s`;
  return judgeFigure(seen.length === 0 ? null : worst, seen.length, target, 's', { reason, doubts });
}
