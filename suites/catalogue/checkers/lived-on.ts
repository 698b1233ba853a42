import type { History } from '../../../harness/history/event.ts';
import { type Judged, judgeFigure, type Target } from '../../judged.ts';
import { doubtsOf, heldOf, seenOf } from './seen.ts';

/** How often the kubelet was another process than at the look before, and whether it is there in the end. */
export function checkLivedOn(history: History, scenario: string, target: Target): Judged {
  const { bit, healed, injected } = heldOf(history, scenario);
  const doubts = doubtsOf(history, scenario);
  const looks = seenOf(history, scenario, 'kubelet.looked');
  const after = looks.filter(({ mono }) => healed !== undefined && mono > healed);
  if (!looks.some(({ mono }) => injected !== undefined && mono < injected))
    doubts.push('nobody looked at the kubelet before');
  if (!looks.some(({ mono }) => bit !== undefined && mono > bit)) doubts.push('nobody looked at it since');
  if (after.length === 0) doubts.push('nobody looked at it afterwards');
  const processes = looks.flatMap(({ body }) => body.process ?? []);
  const anew = processes.filter((process, index) => index > 0 && process !== processes[index - 1]).length;
  const last = after.at(-1)?.body;
  const gone = last !== undefined && !last.answers;
  const reason = [
    anew === 0
      ? `the kubelet was one process at ${looks.length} looks`
      : `the kubelet started anew ${anew === 1 ? 'once' : `${anew} times`}`,
    ...(gone ? ['it does not answer in the end'] : []),
  ].join('; ');
  const measured = looks.length === 0 ? null : anew + (gone ? 1 : 0);
  return judgeFigure(measured, looks.length, target, 'times', { reason, doubts });
}
