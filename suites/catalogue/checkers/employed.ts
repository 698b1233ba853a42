import type { History } from '../../../harness/history/event.ts';
import { type Judged, judgeFigure, type Target } from '../../judged.ts';
import { doubtsOf, heldOf, seenOf } from './seen.ts';

/** Pods that have no usable device for longer than this never get one. */
const USABLE_MS = 30_000;

interface Who {
  scenario: string;
  /** What the names of the pods that want a device begin with. */
  workers: string;
}

/** Pods that failed for want of a device while one was lost; and as many as were asked for have to get a good one, at once. */
export function checkEmployed(history: History, { scenario, workers }: Who, target: Target): Judged {
  const { bit, healing = Number.POSITIVE_INFINITY } = heldOf(history, scenario);
  const doubts = doubtsOf(history, scenario);
  const unmeasured = (reason: string) => judgeFigure(null, 0, target, 'pods', { reason, doubts });
  const asked = seenOf(history, scenario, 'workers.asked')[0];
  if (!asked) return unmeasured('no pod asked for a device');
  if (bit === undefined || asked.mono < bit || asked.mono > healing)
    return unmeasured('the pods did not come while the device was lost');
  const during = ({ body, mono }: { body: { pod: string }; mono: number }) =>
    body.pod.startsWith(workers) && mono > asked.mono && mono < healing;
  const looks = seenOf(history, scenario, 'pod.looked').filter(during);
  const last = looks.at(-1);
  if (!last) return unmeasured('nobody looked at the pods');
  const work = seenOf(history, scenario, 'work.seen').filter(during);
  const pods = new Map(looks.map(({ body }) => [body.pod, body]));
  const failed = [...pods.values()].filter(({ phase }) => phase === 'Failed');
  const usable = new Set(
    [...pods.values()]
      .filter(({ running }) => running)
      .flatMap(({ pod }) => work.findLast(({ body }) => body.pod === pod)?.body.usable ?? []),
  );
  const wanted = asked.body.workers;
  const why = failed[0]?.reason;
  const reason = `${failed.length} pods failed${why ? ` (${why})` : ''}; ${usable.size} of ${wanted} good devices were in use at once`;
  const short = usable.size < wanted;
  const judged = judgeFigure(failed.length, pods.size, target, 'pods', {
    reason,
    doubts: [...doubts, ...(short ? ['the pods were not looked at long enough'] : [])],
  });
  return short && last.mono - asked.mono > USABLE_MS ? { ...judged, reason, verdict: 'fail' } : judged;
}
