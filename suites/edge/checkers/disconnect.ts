import type { History } from '../../../harness/history/event.ts';
import { type Judged, judgeFigure, type Target, tooFew } from '../../judged.ts';
import { timelines } from '../connectivity.ts';
import { cutFinder } from '../fault-windows.ts';
import { recordDoubts } from '../record.ts';
import { pathDoubts, unseenDoubts } from './doubts.ts';

/**
 * EDGE-1: the longest that a pod was without the cloud, with the sampling interval added; one still open counts. Where
 * each that is too long is so only because a fault that cuts was held longer than planned, nobody is refused for it.
 */
export function checkDisconnect(history: History, target: Target): Judged {
  const all = timelines(history);
  const ways = all.filter(({ path }) => path === 'tunnel');
  const probes = ways.reduce((sum, way) => sum + way.probes, 0);
  const cutOf = cutFinder(history);
  const outages = ways
    .flatMap((way) =>
      way.outages.map((outage) => ({ ...outage, node: way.node, overMs: cutOf(way, outage)?.overMs ?? 0 })),
    )
    .sort((a, b) => b.ms - a.ms);
  const [longest] = outages;
  const seconds = (longest?.ms ?? 0) / 1_000;
  const doubts = [
    ...recordDoubts(history),
    ...pathDoubts(history, all, 'tunnel'),
    ...unseenDoubts(ways, 1_000 * target.threshold),
    ...tooFew(probes, target),
  ];
  const still = longest?.open ? ', still open at the end' : '';
  const reason = longest
    ? `the longest of ${outages.length} disconnects took ${seconds.toFixed(2)} s (${longest.node}${still})`
    : `none of ${probes} probes through the tunnel was lost`;
  const judged = judgeFigure(probes === 0 ? null : seconds, probes, target, 's', { reason, doubts });
  const overheld = (longest?.overMs ?? 0) / 1_000;
  const excused = outages.every(({ ms, overMs }) => (ms - overMs) / 1_000 <= target.threshold);
  if (judged.verdict !== 'fail' || !excused) return judged;
  const lateness = `its fault was in force for ${overheld.toFixed(1)} s longer than planned, which is this machine’s doing`;
  return { ...judged, verdict: 'inconclusive', reason: `${reason}; ${lateness}` };
}
