import { eventsOf, type History } from '../../../harness/history/event.ts';
import { type Judged, judgeFigure, type Target } from '../../judged.ts';
import type { PodSeen, SuiteEvents } from '../events.ts';
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
  const doubts = [...unseenPods(history)];
  if (final.size === 0) doubts.push('allocatable was not seen afterwards');
  const nodes = eventsOf<SuiteEvents['node.allocatable']>(history, 'node.allocatable').map(
    ({ body }) => body.node,
  );
  for (const node of new Set(nodes))
    if (!final.has(node)) doubts.push(`allocatable on ${node} was not seen afterwards`);
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
