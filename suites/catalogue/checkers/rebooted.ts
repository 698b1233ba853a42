import type { History } from '../../../harness/history/event.ts';
import { type Judged, judgeFigure, type Target } from '../../judged.ts';
import { doubtsOf, heldOf, seenOf } from './seen.ts';

/** A replacement that has no usable device so long after its plugin came back never gets one. */
const USABLE_MS = 30_000;

interface Who {
  scenario: string;
  /** Which had a device when its node went down. */
  holder: string;
  /** Which was asked for instead. */
  replacement: string;
}

/** Looks of containers that ran without a device after their node had booted anew; and the replacement has to get one. */
export function checkRebooted(
  history: History,
  { holder, replacement, scenario }: Who,
  target: Target,
): Judged {
  const { bit, healed, injected } = heldOf(history, scenario);
  const doubts = doubtsOf(history, scenario);
  const looks = seenOf(history, scenario, 'pod.looked');
  const work = seenOf(history, scenario, 'work.seen');
  const had = work.some(
    ({ body, mono }) =>
      body.pod === holder && body.usable.length > 0 && injected !== undefined && mono < injected,
  );
  if (injected === undefined || !had) {
    doubts.push(`${holder} was not seen to use its device before`);
    return judgeFigure(null, 0, target, 'looks', { reason: 'there is nothing to compare with', doubts });
  }
  const later = work.filter(({ mono }) => mono > injected);
  const without = later.filter(({ body }) => !body.usable.some((device) => body.visible.includes(device)));
  const after = (pod: string, from = injected) =>
    looks.filter(({ body, mono }) => body.pod === pod && mono > from);
  const held = after(holder, bit).at(-1);
  const replaced = healed === undefined ? undefined : after(replacement, healed).at(-1);
  const works = later.findLast(({ body, mono }) => body.pod === replacement && mono > (healed ?? injected));
  const good = replaced?.body.running === true && (works?.body.usable.length ?? 0) > 0;
  const ended = new Set(
    looks.flatMap(({ body, mono }) => (mono < injected && body.containerId ? [body.containerId] : [])),
  );
  // A plugin that is back before its kubelet has done anything with the holder is no plugin that came after it.
  const settled = after(holder, bit).some(
    ({ body, mono }) =>
      mono <= (healed ?? Number.POSITIVE_INFINITY) &&
      (body.phase === 'Failed' ||
        (body.running && body.containerId !== undefined && !ended.has(body.containerId))),
  );
  // A container that runs and says nothing of its devices may have none. One of before the boot has ended with its node: the
  // API server shows it as running until the kubelet tells otherwise.
  const silent = [holder, replacement].filter((pod) => {
    const seen = after(pod, bit);
    const ran = seen.some(
      ({ body }, index) =>
        body.running &&
        (index === seen.length - 1 || body.containerId === undefined || !ended.has(body.containerId)),
    );
    return ran && !later.some(({ body }) => body.pod === pod);
  });
  const deprived = [holder, replacement].filter((pod) => without.some(({ body }) => body.pod === pod));
  const parts = [
    without.length > 0
      ? `${deprived.join(', ')} ran without a device at ${without.length} looks`
      : 'no container ran without its device',
    held
      ? `${holder} is ${held.body.phase}${held.body.reason && ` (${held.body.reason})`}`
      : `nobody looked at ${holder}`,
    good
      ? `${replacement} has a device`
      : `${replacement} ${replaced ? `is ${replaced.body.phase}` : 'was not seen'}`,
  ];
  const reason = parts.join('; ');
  const judged = judgeFigure(
    without.length,
    after(holder).length + after(replacement).length,
    target,
    'looks',
    {
      reason,
      doubts: [
        ...doubts,
        ...silent.map((pod) => `${pod} ran and was not heard`),
        ...(held ? [] : [`what became of ${holder} was not seen`]),
        ...(settled ? [] : [`${holder} was neither refused nor started again before the plugin came back`]),
        ...(good ? [] : [`${replacement} was not looked at long enough`]),
      ],
    },
  );
  const late = !good && healed !== undefined && replaced !== undefined && replaced.mono - healed > USABLE_MS;
  return late ? { ...judged, reason, verdict: 'fail' } : judged;
}
