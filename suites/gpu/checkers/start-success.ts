import type { History } from '../../../harness/history/event.ts';
import { type Judged, judgeShare, type Target } from '../../judged.ts';
import { burstStarts } from '../latencies.ts';
import { joinLedgers } from '../ledgers.ts';
import { podsOf } from '../pods.ts';
import { MAIN } from '../workload/jobs.ts';
import { recordDoubts } from './doubts.ts';
import { falseAllocations } from './false-allocation.ts';

/** GPU-3: pods that asked for GPUs and whose container started with all of them. */
export function checkStartSuccess(history: History, target: Target): Judged {
  const pods = [...podsOf(history).values()].flatMap(({ last }) => (last && last.gpus > 0 ? last : []));
  const wrong = new Set(falseAllocations(joinLedgers(history)).map(({ start }) => start.podUid));
  const why = new Map<string, number>();
  let good = 0;
  for (const pod of pods) {
    const started = pod.containers.find(({ name }) => name === MAIN)?.started ?? false;
    if (started && !wrong.has(pod.uid)) {
      good += 1;
      continue;
    }
    const reason = started
      ? 'started without its GPU'
      : (pod.reason ??
        pod.containers.find(({ waiting }) => waiting)?.waiting ??
        `never started (${pod.phase})`);
    why.set(reason, (why.get(reason) ?? 0) + 1);
  }
  const causes = [...why].map(([reason, count]) => `${count} × ${reason}`).join(', ');
  const { perSecond } = burstStarts(history);
  const rate = perSecond === undefined ? '' : `, ${perSecond.toPrecision(3)} a second under the burst`;
  const reason = `${good} of ${pods.length} pods started with their GPUs${rate}${causes && `: ${causes}`}`;
  return judgeShare(good, pods.length, target, { reason, doubts: recordDoubts(history) });
}
