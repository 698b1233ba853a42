import type { History } from '../../../harness/history/event.ts';
import { type Judged, judgeFigure, type Target } from '../../judged.ts';
import { doubtsOf, heldOf, seenOf } from './seen.ts';

/** Answers by which a gate let work onto a node of which a device did none; and it has to open once all do. */
export function checkGate(history: History, scenario: string, target: Target): Judged {
  const { bit, healed, healing, injected } = heldOf(history, scenario);
  const doubts = doubtsOf(history, scenario);
  const said = seenOf(history, scenario, 'gate.said');
  const during = said.filter(
    ({ mono }) => bit !== undefined && mono > bit && healing !== undefined && mono < healing,
  );
  const before = seenOf(history, scenario, 'work.done').findLast(
    ({ mono }) => injected !== undefined && mono < injected,
  );
  if (!before || before.body.worked.length === 0 || before.body.worked.length < before.body.listed.length)
    doubts.push('every device was not seen to work before');
  const after = said.filter(({ mono }) => healed !== undefined && mono > healed).at(-1);
  if (during.length === 0) {
    const reason = 'the gate was not asked while a device did no work';
    return judgeFigure(null, 0, target, 'answers', { reason, doubts });
  }
  if (!after) doubts.push('the gate was not asked afterwards');
  const wrong = during.filter(({ body }) => body.ready);
  const parts = [
    `ready at ${wrong.length} of ${during.length} answers while a device did no work (${(wrong[0] ?? during[0])?.body.detail})`,
    ...(after ? [`afterwards ${after.body.ready ? 'ready' : `not ready (${after.body.detail})`}`] : []),
  ];
  const reason = parts.join('; ');
  const judged = judgeFigure(wrong.length, during.length, target, 'answers', { reason, doubts });
  return after && !after.body.ready ? { ...judged, reason, verdict: 'fail' } : judged;
}
