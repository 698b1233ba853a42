import type { PodEvicted } from '../../../faults/cluster/upgrade.ts';
import { eventsOf, type History } from '../../../harness/history/event.ts';
import { type Judged, judgeFigure, type Target } from '../../judged.ts';
import type { PodSeen, SuiteEvents } from '../events.ts';
import { recordDoubts } from './doubts.ts';

/**
 * GPU-10: while a cluster is upgraded, a pod that holds GPUs ends, or starts anew, only where it was evicted. What was evicted is
 * counted beside.
 */
export function checkUpgradeSurvival(history: History, target: Target): Judged {
  const began = new Set(
    eventsOf<SuiteEvents['standing.began']>(history, 'standing.began').map(({ body }) => body.job),
  );
  const ended = new Map(
    eventsOf<SuiteEvents['standing.ended']>(history, 'standing.ended').map(({ body, seq }) => [
      body.job,
      seq,
    ]),
  );
  const evicted = new Set(eventsOf<PodEvicted>(history, 'upgrade.evicted').map(({ body }) => body.podUid));
  const seen = new Map<string, { name: string; held: boolean; lost: boolean }>();
  for (const { body, seq } of eventsOf<PodSeen>(history, 'pod.seen')) {
    if (body.job === null || !began.has(body.job)) continue;
    const { held, lost } = seen.get(body.uid) ?? { held: false, lost: false };
    const before = seq < (ended.get(body.job) ?? Number.POSITIVE_INFINITY);
    seen.set(body.uid, {
      name: body.name,
      held: held || body.phase === 'Running',
      lost: lost || (before && wentOf(body) && !evicted.has(body.uid)),
    });
  }
  // One that never ran held nothing that it could keep; one that was refused its GPUs lost them.
  const pods = new Map([...seen].filter(([, { held, lost }]) => held || lost));
  const lost = [...pods.values()].filter((pod) => pod.lost);
  const moved = [...pods.keys()].filter((uid) => evicted.has(uid)).length;
  const first = lost[0] ? ` (${lost[0].name})` : '';
  const doubts = [...recordDoubts(history)];
  for (const job of began) if (!ended.has(job)) doubts.push(`nobody saw Job ${job} to its end`);
  return judgeFigure(pods.size === 0 ? null : lost.length, pods.size, target, 'pods', {
    reason: `${lost.length} of ${pods.size} pods that held GPUs ended or started anew without being evicted${first}; ${moved} were evicted`,
    doubts,
  });
}

/** Whether it ended, or a container of it did. */
function wentOf({ containers, gone, phase }: PodSeen): boolean {
  return (
    gone ||
    phase === 'Succeeded' ||
    phase === 'Failed' ||
    containers.some(({ restartCount }) => restartCount > 0)
  );
}
