import { few } from '../../../harness/errors/words.ts';
import { eventsOf, type History } from '../../../harness/history/event.ts';
import { type Judged, judgeFigure, type Target } from '../../judged.ts';
import type { PodSeen, ProbeSeen, SuiteEvents } from '../events.ts';
import { unseenPods } from './doubts.ts';

/** GPU-5: every pod gets its turn, and every GPU is allocatable again at the end. */
export function checkStarvation(history: History, target: Target, startDeadlineMs: number): Judged {
  const firstSeen = new Map<
    string,
    { name: string; mono: number; settledAt: number | undefined; gone: boolean }
  >();
  let end = 0;
  for (const { mono, body } of eventsOf<PodSeen>(history, 'pod.seen')) {
    end = mono;
    const pod = firstSeen.get(body.uid) ?? { name: body.name, mono, settledAt: undefined, gone: false };
    const settled =
      body.containers.some(({ started }) => started) || body.phase === 'Succeeded' || body.phase === 'Failed';
    if (settled) pod.settledAt ??= mono;
    pod.gone ||= body.gone;
    firstSeen.set(body.uid, pod);
  }
  const starved = [...firstSeen.values()].filter(({ mono, settledAt, gone }) => {
    if (settledAt !== undefined) return settledAt - mono > startDeadlineMs;
    return gone || end - mono > startDeadlineMs;
  });
  const final = new Map(
    eventsOf<SuiteEvents['recovery.seen']>(history, 'recovery.seen').map(({ body }) => [body.node, body]),
  );
  const short = [...final.values()].filter(({ allocatable, expected }) => allocatable !== expected);
  const doubts = [...unseenPods(history), ...silentPods(history)];
  if (final.size === 0) doubts.push('allocatable was not seen afterwards');
  const nodes = eventsOf<SuiteEvents['node.allocatable']>(history, 'node.allocatable').map(
    ({ body }) => body.node,
  );
  const unseen = [...new Set(nodes)].filter((node) => !final.has(node));
  if (unseen.length > 0) doubts.push(`allocatable on ${few(unseen)} was not seen afterwards`);
  const parts = [
    `${starved.length} of ${firstSeen.size} pods did not start within ${startDeadlineMs / 1_000} s${starved[0] ? ` (${starved[0].name})` : ''}`,
    short.length === 0
      ? `all GPUs allocatable again on ${final.size} nodes`
      : few(
          short.map(
            ({ node, allocatable, expected }) => `${allocatable} of ${expected} GPUs allocatable on ${node}`,
          ),
        ),
  ];
  return judgeFigure(starved.length + short.length, firstSeen.size, target, 'failures', {
    reason: parts.join('; '),
    doubts,
  });
}

/** A pod that is said to have run to its end and said nothing itself: nobody but its kubelet knows whether it ever ran. */
function silentPods(history: History): string[] {
  const heard = new Set(
    [
      ...eventsOf<ProbeSeen>(history, 'gpu.probe'),
      ...eventsOf<SuiteEvents['bystander.started']>(history, 'bystander.started'),
    ].map(({ body }) => body.podUid),
  );
  const ended = new Set(
    eventsOf<PodSeen>(history, 'pod.seen')
      .filter(({ body }) => body.phase === 'Succeeded')
      .map(({ body }) => body.uid),
  );
  const silent = [...ended].filter((uid) => !heard.has(uid)).length;
  return silent === 0 ? [] : [`${silent} of ${ended.size} pods that are said to have run said nothing`];
}
