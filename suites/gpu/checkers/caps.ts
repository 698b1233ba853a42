import { eventsOf, type History } from '../../../harness/history/event.ts';
import { type Judged, judgeFigure, type Target } from '../../judged.ts';
import type { PodSeen, SuiteEvents } from '../events.ts';
import { podsOf } from '../pods.ts';
import { unseenPods } from './doubts.ts';

interface Most {
  /** GPU pods of Jobs on one node at a time, and on which. */
  pods: number;
  node: string;
  /** GPUs of all pods that were bound to a node at a time: what the namespace held. */
  gpus: number;
}

/** The most that was there at once, by the order of the watch. */
function mostAtOnce(history: History): Most {
  const live = new Map<string, PodSeen>();
  const onNode = new Map<string, number>();
  const most: Most = { pods: 0, node: '', gpus: 0 };
  let gpus = 0;
  const count = (pod: PodSeen, by: 1 | -1) => {
    const node = pod.node as string;
    onNode.set(node, (onNode.get(node) ?? 0) + by);
    gpus += by * pod.gpus;
  };
  for (const { body } of eventsOf<PodSeen>(history, 'pod.seen')) {
    if (body.gpus === 0 || body.node === null) continue;
    const before = live.get(body.uid);
    if (before) count(before, -1);
    if (isOver(body)) live.delete(body.uid);
    else {
      live.set(body.uid, body);
      count(body, 1);
    }
    const here = onNode.get(body.node) ?? 0;
    if (here > most.pods) Object.assign(most, { pods: here, node: body.node });
    most.gpus = Math.max(most.gpus, gpus);
  }
  return most;
}

/** Pods that were on a node, and nobody knows when or beside which others. */
function livesUnseen(history: History): string[] {
  let [missed, risen] = [0, 0];
  for (const { seen } of podsOf(history).values()) {
    const onNode = seen.filter(({ body }) => body.gpus !== 0 && body.node !== null);
    const end = onNode.findIndex(({ body }) => isOver(body));
    const last = onNode.findLastIndex(({ body }) => !isOver(body));
    if (end >= 0 && last < 0) missed += 1;
    if (end >= 0 && last > end) risen += 1;
  }
  return [
    ...(missed > 0 ? [`${missed} pods ended on a node where nobody had seen them before`] : []),
    ...(risen > 0 ? [`${risen} pods were seen live after their end`] : []),
  ];
}

function isOver({ gone, phase }: PodSeen): boolean {
  return gone || phase === 'Succeeded' || phase === 'Failed';
}

/**
 * GPU-7: the cap of Jobs on a node and the namespace's quota of GPUs hold. The quota holds while no more GPUs than it
 * allows are bound. What it let in beyond that, to wait without a node, is told and judges nothing: under a burst the
 * API server counts too few while its controller counts anew (kubernetes/kubernetes#123434).
 */
export function checkCaps(history: History, target: Target): Judged {
  const pods = eventsOf<PodSeen>(history, 'pod.seen').length;
  const most = mostAtOnce(history);
  const cap = `at most ${most.pods} GPU pods at once on a node${most.node && ` (${most.node})`}`;
  const doubts = [...unseenPods(history), ...livesUnseen(history)];
  const judged = judgeFigure(pods === 0 ? null : most.pods, pods, target, 'Jobs', { reason: cap, doubts });
  if (judged.verdict !== 'pass') return judged;
  if (eventsOf(history, 'quota.absent').length > 0)
    return { ...judged, verdict: 'fail', reason: `${cap}; no quota limits the namespace’s GPUs` };
  const quotas = eventsOf<SuiteEvents['quota.seen']>(history, 'quota.seen').map(({ body }) => body);
  const [first] = quotas;
  if (!first) return { ...judged, verdict: 'inconclusive', reason: `${cap}; the quota was not seen` };
  const hard = quotas.reduce((least, { hard: limit }) => Math.min(least, limit), first.hard);
  const used = quotas.reduce((most, quota) => Math.max(most, quota.used), first.used);
  const held = `at most ${most.gpus} GPUs bound of a quota of ${hard}`;
  const admitted = used > hard ? `, which let in pods for ${used} (kubernetes/kubernetes#123434)` : '';
  const verdict = most.gpus <= hard ? 'pass' : 'fail';
  return { ...judged, verdict, reason: `${cap}; ${held}${admitted}` };
}
