import type { History } from '../../../harness/history/event.ts';
import { type Judged, judgeFigure, type Target } from '../../judged.ts';
import { doubtsOf, heldOf, seenOf } from './seen.ts';
import { changeOf } from './survival.ts';

/** A container that did not look for longer may have had anything. */
const LONGEST_GAP_MS = 5_000;

/** Looks of a container, after the fault came, at which it could not use a device that it had before; or it runs no more. */
export function checkKept(history: History, scenario: string, pod: string, target: Target): Judged {
  const { bit, healed, healing, injected } = heldOf(history, scenario);
  const doubts = doubtsOf(history, scenario);
  const own = <Event extends { body: { pod: string } }>(events: Event[]) =>
    events.filter(({ body }) => body.pod === pod);
  const work = own(seenOf(history, scenario, 'work.seen'));
  const looks = own(seenOf(history, scenario, 'pod.looked'));
  const earlier = ({ mono }: { mono: number }) => injected !== undefined && mono < injected;
  const later = ({ mono }: { mono: number }) => injected !== undefined && mono > injected;
  const before = work.findLast(earlier);
  const ran = looks.findLast((look) => earlier(look) && look.body.running);
  const had = before?.body.usable ?? [];
  if (!before || had.length === 0 || !ran) {
    doubts.push(`${pod} was not seen to use its devices before`);
    return judgeFigure(null, 0, target, 'looks', { reason: 'there is nothing to compare with', doubts });
  }
  const after = work.filter(later);
  const without = after.filter(({ body }) => !had.every((device) => body.usable.includes(device)));
  const changes = looks.filter(later).flatMap(({ body }) => changeOf(ran.body, body) ?? []);
  const within = (from: number | undefined, to: number | undefined) =>
    after.some(({ mono }) => from !== undefined && mono > from && (to === undefined || mono < to));
  if (bit !== undefined && !within(bit, healing)) doubts.push('it was not seen to look while it lasted');
  if (!within(healed, undefined)) doubts.push('it was not seen to look afterwards');
  const pairs = after.map(({ body }, index) => [[before, ...after][index]?.body ?? body, body] as const);
  const gap = Math.max(0, ...pairs.map(([last, next]) => next.at - last.at));
  if (gap > LONGEST_GAP_MS) doubts.push(`it did not look for ${(gap / 1_000).toFixed(1)} s`);
  const unread = pairs.filter(([last, next]) => next.n !== last.n + 1).length;
  if (unread > 0)
    doubts.push(`what it saw ${unread === 1 ? 'once' : `${unread} times`} in between is not known`);
  // Of all such looks: the first may have come in the midst of it, when one device was gone and the next was not.
  const missed = had.filter((device) => without.some(({ body }) => !body.usable.includes(device)));
  const parts = [
    without.length > 0
      ? `${pod} was without ${missed.join(', ')} at ${without.length} of ${after.length} looks`
      : `${pod} could use its ${had.length} devices at ${after.length} looks`,
    ...(changes.length > 0 ? [`${pod} ${changes[0]}`] : []),
  ];
  return judgeFigure(without.length + changes.length, after.length, target, 'looks', {
    reason: parts.join('; '),
    doubts,
  });
}
