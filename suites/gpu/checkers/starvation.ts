import { few } from '../../../harness/errors/words.ts';
import { eventsOf, type History } from '../../../harness/history/event.ts';
import { type Judged, judgeFigure, type Target, tooFew } from '../../judged.ts';
import type { PodSeen, SuiteEvents } from '../events.ts';
import { podsOf } from '../pods.ts';
import { unseenPods } from './doubts.ts';

/** GPU-5: every pod gets its turn, and every GPU is allocatable again at the end. */
export function checkStarvation(history: History, target: Target, startDeadlineMs: number): Judged {
  const pods = [...podsOf(history).values()].filter(({ seen }) => seen.length > 0);
  // Of a pod that waits there is no news: it has waited for as long as the run has gone on.
  const end = history.at(-1)?.mono ?? 0;
  const starved = pods.flatMap(({ seen }) => {
    const [first] = seen;
    if (!first) return [];
    let settledAt: number | undefined;
    let gone = false;
    for (const { body, mono } of seen) {
      if (isSettled(body)) settledAt ??= mono;
      gone ||= body.gone;
    }
    const until = settledAt ?? (gone ? Number.POSITIVE_INFINITY : end);
    return until - first.mono > startDeadlineMs ? [first.body] : [];
  });
  const final = new Map(
    eventsOf<SuiteEvents['recovery.seen']>(history, 'recovery.seen').map(({ body }) => [body.node, body]),
  );
  const short = [...final.values()].filter(({ allocatable, expected }) => allocatable !== expected);
  const doubts = [...unseenPods(history), ...silentPods(history), ...tooFew(pods.length, target)];
  if (final.size === 0) doubts.push('allocatable was not seen afterwards');
  const nodes = [
    ...eventsOf<SuiteEvents['node.allocatable']>(history, 'node.allocatable').map(({ body }) => body.node),
    ...pods.flatMap(({ last }) => (last && last.gpus > 0 ? (last.node ?? []) : [])),
  ];
  const unseen = [...new Set(nodes)].filter((node) => !final.has(node));
  if (unseen.length > 0) doubts.push(`allocatable on ${few(unseen)} was not seen afterwards`);
  const parts = [
    `${starved.length} of ${pods.length} pods did not start within ${startDeadlineMs / 1_000} s${starved[0] ? ` (${starved[0].name})` : ''}`,
    short.length === 0
      ? `all GPUs allocatable again on ${final.size} nodes`
      : few(
          short.map(
            ({ node, allocatable, expected }) => `${allocatable} of ${expected} GPUs allocatable on ${node}`,
          ),
        ),
  ];
  return judgeFigure(starved.length + short.length, pods.length, target, 'failures', {
    reason: parts.join('; '),
    doubts,
  });
}

/** It has begun to run, or is over. */
function isSettled({ containers, phase }: PodSeen): boolean {
  return containers.some(({ started }) => started) || phase === 'Succeeded' || phase === 'Failed';
}

/** A pod that is said to have run to its end and said nothing itself: nobody but its kubelet knows whether it ever ran. */
function silentPods(history: History): string[] {
  const bystanders = new Set(
    eventsOf<SuiteEvents['bystander.started']>(history, 'bystander.started').map(({ body }) => body.podUid),
  );
  let [ended, silent] = [0, 0];
  for (const { looks, seen, uid } of podsOf(history).values()) {
    if (!seen.some(({ body }) => body.phase === 'Succeeded')) continue;
    ended += 1;
    if (looks.length === 0 && !bystanders.has(uid)) silent += 1;
  }
  return silent === 0 ? [] : [`${silent} of ${ended} pods that are said to have run said nothing`];
}
