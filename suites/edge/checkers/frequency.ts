import type { History } from '../../../harness/history/event.ts';
import { eventRateUpperBound } from '../../../harness/verdict/bounds.ts';
import { levels } from '../../../harness/verdict/level.ts';
import { type Judged, judgeFigure, type Target } from '../../judged.ts';
import { type Timeline, timelines } from '../connectivity.ts';
import { cutFinder } from '../fault-windows.ts';
import { recordDoubts } from '../record.ts';
import { pathDoubts, unseenDoubts } from './doubts.ts';

export const HOUR_MS = 3_600_000;

interface Disconnects {
  disconnects: number;
  /** Of the links, added up. */
  watchedMs: number;
  /** Those on account of faults that cut whatever remedies there are; they are not among `disconnects`. */
  byCuts: number;
}

/** When the last of a way's probes was sent. */
function lastMono({ runs }: Timeline): number {
  return runs.reduce((last, { toMono }) => Math.max(last, toMono), Number.NEGATIVE_INFINITY);
}

/** The silences of links that count as a disconnect, since the steady state. */
export function disconnectsIn(
  history: History,
  ways: readonly Timeline[],
  disconnectMs: number,
): Disconnects {
  const cutOf = cutFinder(history);
  const seen = { disconnects: 0, watchedMs: 0, byCuts: 0 };
  for (const way of ways.filter(({ path, runs }) => path === 'tunnel' && runs.length > 0)) {
    seen.watchedMs += lastMono(way) - way.judgedFromMono;
    for (const outage of way.outages.filter(({ ms }) => ms >= disconnectMs)) {
      if (cutOf(way, outage)) seen.byCuts += 1;
      else seen.disconnects += 1;
    }
  }
  return seen;
}

/**
 * EDGE-6: disconnects in an hour of a link, beyond those that a fault cuts whatever remedies there are: the incident's
 * defect counts, for a tunnel that is set up well is not cut by it; a partition does not.
 */
export function checkFrequency(history: History, target: Target, disconnectMs: number): Judged {
  const all = timelines(history);
  const ways = all.filter(({ path, runs }) => path === 'tunnel' && runs.length > 0);
  const { byCuts, disconnects, watchedMs } = disconnectsIn(history, ways, disconnectMs);
  const hours = watchedMs / HOUR_MS;
  const { confidence } = levels[target.level];
  const bound =
    confidence === null || hours === 0 ? null : eventRateUpperBound(disconnects, hours, confidence);
  const seconds = Math.floor(watchedMs / 1_000);
  const reason = `${disconnects} disconnects of at least ${disconnectMs} ms in ${seconds} s of ${ways.length} links; ${byCuts} more by faults that cut whatever there is`;
  const judged = judgeFigure(seconds === 0 ? null : disconnects / hours, seconds, target, '/h', {
    reason,
    doubts: [
      ...recordDoubts(history),
      ...pathDoubts(history, all, 'tunnel'),
      ...unseenDoubts(ways, disconnectMs),
    ],
  });
  return { ...judged, confidence: bound === null ? null : confidence, upperBound: bound };
}
