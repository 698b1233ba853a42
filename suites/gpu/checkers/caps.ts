import { eventsOf, type History } from '../../../harness/history/event.ts';
import type { PodSeen, SuiteEvents } from '../events.ts';
import { type Judged, judgeFigure, type Target } from './judged.ts';

/** The most GPU pods of Jobs that one node held at a time. */
function mostOnANode(history: History): { most: number; node: string } {
  const live = new Map<string, Set<string>>();
  let most = 0;
  let at = '';
  for (const { body } of eventsOf<PodSeen>(history, 'pod.seen')) {
    if (body.gpus === 0 || body.node === null) continue;
    const here = live.get(body.node) ?? new Set();
    live.set(body.node, here);
    const over = body.gone || body.phase === 'Succeeded' || body.phase === 'Failed';
    if (over) here.delete(body.uid);
    else here.add(body.uid);
    if (here.size > most) [most, at] = [here.size, body.node];
  }
  return { most, node: at };
}

/** GPU-7: the cap of Jobs on a node and the namespace's quota of GPUs hold. */
export function checkCaps(history: History, target: Target): Judged {
  const pods = eventsOf<PodSeen>(history, 'pod.seen').length;
  const { most, node } = mostOnANode(history);
  const quotas = eventsOf<SuiteEvents['quota.seen']>(history, 'quota.seen').map(({ body }) => body);
  const over = quotas.find(({ used, hard }) => used > hard);
  const parts = [`at most ${most} GPU pods at once on a node${node && ` (${node})`}`];
  const judged = judgeFigure(pods === 0 ? null : most, pods, target, 'Jobs', {
    reason: parts.join(''),
    doubts: [],
  });
  if (judged.verdict !== 'pass') return judged;
  if (eventsOf(history, 'quota.absent').length > 0)
    return { ...judged, verdict: 'fail', reason: `${parts[0]}; no quota limits the namespace’s GPUs` };
  if (over)
    return {
      ...judged,
      verdict: 'fail',
      reason: `${parts[0]}; ${over.used} GPUs used of a quota of ${over.hard}`,
    };
  if (quotas.length === 0)
    return { ...judged, verdict: 'inconclusive', reason: `${parts[0]}; the quota was not seen` };
  const used = Math.max(...quotas.map(({ used: figure }) => figure));
  return { ...judged, reason: `${parts[0]}; at most ${used} of ${quotas[0]?.hard} GPUs of the quota` };
}
