import type { History } from '../../../harness/history/event.ts';
import { type Judged, judgeFigure, type Target } from '../../judged.ts';
import { doubtsOf, heldOf, seenOf } from './seen.ts';
import { judgeUntil } from './until.ts';

interface Who {
  scenario: string;
  /** Whose Allocate is not answered. */
  stuck: string;
  /** Which asks for no device. */
  bystander: string;
}

/** Seconds until the bystander runs while the other one is stuck; and both have to run once the fault is gone. */
export function checkBystander(
  history: History,
  { bystander, scenario, stuck }: Who,
  target: Target,
): Judged {
  const { bit, healed, healing } = heldOf(history, scenario);
  const doubts = doubtsOf(history, scenario);
  const unmeasured = (reason: string) => judgeFigure(null, 0, target, 's', { reason, doubts });
  const asked = seenOf(history, scenario, 'bystander.asked').find(({ body }) => body.pod === bystander)?.mono;
  if (asked === undefined) return unmeasured('no bystander came');
  if (bit === undefined || asked < bit || healing === undefined || asked > healing)
    return unmeasured('the bystander did not come while the other one was stuck');
  const looks = seenOf(history, scenario, 'pod.looked');
  const during = looks.filter(({ body, mono }) => body.pod === bystander && mono > asked && mono < healing);
  const ran = during.find(({ body }) => body.running);
  if (during.length === 0) return unmeasured('nobody looked at the bystander');
  const seconds = (mono: number) => (mono - asked) / 1_000;
  const waited = during.filter(({ mono }) => ran === undefined || mono < ran.mono).at(-1);
  const until = { notYet: waited ? seconds(waited.mono) : 0, by: ran && seconds(ran.mono) };
  const after = (pod: string) =>
    looks.filter(({ body, mono }) => body.pod === pod && healed !== undefined && mono > healed).at(-1)?.body;
  const unrecovered = [stuck, bystander].flatMap((pod) => {
    const last = after(pod);
    if (last?.running) return [];
    return [last ? `${pod} is ${last.phase} afterwards` : undefined];
  });
  const unseen = unrecovered.includes(undefined) ? ['nobody looked whether all recovered'] : [];
  const told = unrecovered.filter((each) => each !== undefined);
  const reason = [
    until.by === undefined
      ? `a pod without devices did not run in ${until.notYet.toFixed(1)} s behind one whose Allocate hangs`
      : `a pod without devices ran ${until.by.toFixed(1)} s after it came`,
    ...(told.length > 0 ? told : unseen.length > 0 ? [] : ['all run once it is answered']),
  ].join('; ');
  const judged = judgeUntil(until, during.length, target, { reason, doubts: [...doubts, ...unseen] });
  return told.length > 0 ? { ...judged, verdict: 'fail' } : judged;
}
