import { eventsOf, type History } from '../../../harness/history/event.ts';
import { type Judged, judgeFigure, type Target } from '../../judged.ts';
import type { PodSeen, SuiteEvents } from '../events.ts';

/** GPU-5: every pod gets its turn, and every GPU is allocatable again at the end. */
export function checkStarvation(history: History, target: Target, startDeadlineMs: number): Judged {
  const firstSeen = new Map<
    string,
    { name: string; wall: number; settledAt: number | undefined; gone: boolean }
  >();
  let end = 0;
  for (const { wall, body } of eventsOf<PodSeen>(history, 'pod.seen')) {
    end = wall;
    const pod = firstSeen.get(body.uid) ?? { name: body.name, wall, settledAt: undefined, gone: false };
    const settled =
      body.containers.some(({ started }) => started) || body.phase === 'Succeeded' || body.phase === 'Failed';
    if (settled) pod.settledAt ??= wall;
    pod.gone ||= body.gone;
    firstSeen.set(body.uid, pod);
  }
  const starved = [...firstSeen.values()].filter(({ wall, settledAt, gone }) => {
    if (settledAt !== undefined) return settledAt - wall > startDeadlineMs;
    return gone || end - wall > startDeadlineMs;
  });
  const final = new Map(
    eventsOf<SuiteEvents['recovery.seen']>(history, 'recovery.seen').map(({ body }) => [body.node, body]),
  );
  const short = [...final.values()].filter(({ allocatable, expected }) => allocatable !== expected);
  const doubts = final.size === 0 ? ['allocatable was not seen afterwards'] : [];
  const parts = [
    `${starved.length} of ${firstSeen.size} pods did not start within ${startDeadlineMs / 1_000} s${starved[0] ? ` (${starved[0].name})` : ''}`,
    short.length === 0
      ? `all GPUs allocatable again on ${final.size} nodes`
      : `${short.map(({ node, allocatable, expected }) => `${allocatable} of ${expected} GPUs allocatable on ${node}`).join(', ')}`,
  ];
  return judgeFigure(starved.length + short.length, firstSeen.size, target, 'failures', {
    reason: parts.join('; '),
    doubts,
  });
}
