import type { History } from '../../../harness/history/event.ts';
import { eventRateUpperBound } from '../../../harness/verdict/bounds.ts';
import { levels } from '../../../harness/verdict/level.ts';
import { type Judged, judgeFigure, type Target } from '../../judged.ts';
import { timelines } from '../connectivity.ts';
import { faultWindows } from '../fault-windows.ts';
import { recordDoubts } from '../record.ts';
import { pathDoubts } from './doubts.ts';

const HOUR_MS = 3_600_000;
/** After a cut was mended, its disconnect may go on for so long and still be its own: EDGE-4's limit. */
const AFTERMATH_MS = 10_000;

/**
 * EDGE-6: disconnects in an hour of a link, beyond those that a fault cuts whatever remedies there are: the incident's
 * defect counts, for a tunnel that is set up well is not cut by it; a partition does not.
 */
export function checkFrequency(history: History, target: Target, disconnectMs: number): Judged {
  const all = timelines(history);
  const ways = all.filter(({ path, runs }) => path === 'tunnel' && runs.length > 0);
  const cuts = faultWindows(history).filter((window) => window.cuts);
  let watchedMs = 0;
  let disconnects = 0;
  let byCuts = 0;
  for (const { node, outages, runs, toHistoryMs } of ways) {
    watchedMs += Math.max(...runs.map(({ toMono }) => toMono)) - (runs[0]?.fromMono ?? 0);
    for (const { fromMono, ms } of outages.filter((outage) => outage.ms >= disconnectMs)) {
      const from = fromMono + toHistoryMs;
      const cut = cuts.some(
        (window) =>
          window.node === node && window.fromMono <= from + ms && from <= window.toMono + AFTERMATH_MS,
      );
      if (cut) byCuts += 1;
      else disconnects += 1;
    }
  }
  const hours = watchedMs / HOUR_MS;
  const { confidence } = levels[target.level];
  const bound =
    confidence === null || hours === 0 ? null : eventRateUpperBound(disconnects, hours, confidence);
  const seconds = Math.floor(watchedMs / 1_000);
  const reason = `${disconnects} disconnects of at least ${disconnectMs} ms in ${seconds} s of ${ways.length} links; ${byCuts} more by faults that cut whatever there is`;
  const judged = judgeFigure(seconds === 0 ? null : disconnects / hours, seconds, target, '/h', {
    reason,
    doubts: [...recordDoubts(history), ...pathDoubts(history, all, 'tunnel')],
  });
  return { ...judged, confidence: bound === null ? null : confidence, upperBound: bound };
}
