import type { History } from '../../../harness/history/event.ts';
import { type Judged, judgeFigure, type Target } from '../../judged.ts';
import { doubtsOf, heldOf, seenOf } from './seen.ts';

interface Who {
  scenario: string;
  /** Whose container starts again. */
  holder: string;
  /** What the names of those that ask for devices afterwards begin with. */
  others: string;
}

/**
 * Devices that more than one container has at the end, or that the holder has silently changed for others. A pod that fails
 * says so, and has none.
 */
export function checkAssignment(
  history: History,
  { holder, others, scenario }: Who,
  target: Target,
  devices: number,
): Judged {
  const { bit, healing = Number.POSITIVE_INFINITY, injected } = heldOf(history, scenario);
  const doubts = doubtsOf(history, scenario);
  const unmeasured = (reason: string) => judgeFigure(null, 0, target, 'devices', { reason, doubts });
  const looks = seenOf(history, scenario, 'pod.looked').filter(({ mono }) => mono < healing);
  const work = seenOf(history, scenario, 'work.seen').filter(({ mono }) => mono < healing);
  const lastLook = (pod: string) => looks.findLast(({ body }) => body.pod === pod);
  const before = work.findLast(
    ({ body, mono }) => body.pod === holder && injected !== undefined && mono < injected,
  );
  if (injected === undefined || !before || before.body.usable.length === 0)
    return unmeasured(`${holder} was not seen to use its device before`);
  const now = lastLook(holder)?.body;
  const again = looks.find(({ body }) => body.pod === holder && body.restarts > 0);
  if (!now || !again || bit === undefined) return unmeasured(`${holder} was not seen to start again`);
  /** Undefined: it runs, and has not said what it has. */
  const has = (pod: string): readonly string[] | undefined => {
    if (!lastLook(pod)?.body.running) return [];
    const from = pod === holder ? again.mono : injected;
    return work.findLast(({ body, mono }) => body.pod === pod && mono > from)?.body.usable;
  };
  const names = [...new Set(looks.map(({ body }) => body.pod))].filter((pod) => pod.startsWith(others));
  const settled = names.filter((pod) => {
    const { phase, running } = lastLook(pod)?.body ?? {};
    return phase === 'Failed' || (running === true && has(pod) !== undefined);
  });
  const held = [holder, ...names].flatMap((pod) => has(pod) ?? []);
  const shared = [...new Set(held.filter((device, index) => held.indexOf(device) !== index))];
  const kept = has(holder);
  const changed =
    now.running && kept !== undefined && !before.body.usable.every((device) => kept.includes(device));
  const more = [
    ...(settled.length < devices ? [`${settled.length} of ${devices} others were seen to the end`] : []),
    ...(kept === undefined || (!now.running && now.phase !== 'Failed')
      ? [`what became of ${holder} was not seen`]
      : []),
  ];
  const refused = names.filter((pod) => lastLook(pod)?.body.phase === 'Failed').length;
  const parts = [
    shared.length > 0 ? `${shared.join(', ')} in more than one container` : 'no device in two containers',
    changed
      ? `${holder} has ${kept.join(', ') || 'nothing'} instead of ${before.body.usable.join(', ')}`
      : `${holder} ${now.running ? 'has what it had' : `is ${now.phase}`}`,
    `${refused} of ${names.length} others refused`,
  ];
  return judgeFigure(shared.length + (changed ? 1 : 0), settled.length + 1, target, 'devices', {
    reason: parts.join('; '),
    doubts: [...doubts, ...more],
  });
}
