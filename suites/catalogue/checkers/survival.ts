import type { History } from '../../../harness/history/event.ts';
import { type Judged, judgeFigure, type Target } from '../../judged.ts';
import type { PodLook } from '../events.ts';
import { doubtsOf, heldOf, seenOf } from './seen.ts';

/** Pods of those named that were not the same pod with the same container, running, at every look after the fault came. */
export function checkSurvival(
  history: History,
  scenario: string,
  pods: readonly string[],
  target: Target,
): Judged {
  const { bit, healed, healing, injected } = heldOf(history, scenario);
  const looks = seenOf(history, scenario, 'pod.looked');
  const doubts = doubtsOf(history, scenario);
  const lost: string[] = [];
  let seen = 0;
  for (const pod of pods) {
    const own = looks.filter(({ body }) => body.pod === pod);
    const before = own.findLast(
      ({ body, mono }) => injected !== undefined && mono < injected && body.running,
    );
    if (!before) {
      doubts.push(`${pod} was not seen running before`);
      continue;
    }
    seen += 1;
    const later = own.filter(({ mono }) => injected !== undefined && mono > injected);
    const change = later.map(({ body }) => changeOf(before.body, body)).find((each) => each !== undefined);
    if (change !== undefined) {
      lost.push(`${pod} ${change}`);
      continue;
    }
    const between = (from: number | undefined, to: number | undefined) =>
      later.some(({ mono }) => from !== undefined && mono > from && (to === undefined || mono < to));
    if (bit !== undefined && !between(bit, healing)) doubts.push(`${pod} was not looked at while it lasted`);
    if (!between(healed, undefined)) doubts.push(`${pod} was not looked at afterwards`);
  }
  const reason =
    lost.length === 0
      ? `${seen} of ${pods.length} pods were the same, and ran, at every look`
      : `${lost.length} of ${pods.length} pods did not live on: ${lost.join('; ')}`;
  return judgeFigure(seen === 0 ? null : lost.length, seen, target, 'pods', { reason, doubts });
}

/** What is not as it was; undefined where all is. */
export function changeOf(before: PodLook, now: PodLook): string | undefined {
  const why = [now.reason, now.message].filter(Boolean).join(': ');
  if (now.uid !== before.uid) return now.uid === undefined ? 'is gone' : 'is another pod';
  if (now.phase !== 'Running') return `is ${now.phase}${why && ` (${why})`}`;
  if (now.restarts > before.restarts) return `was restarted ${now.restarts - before.restarts} times`;
  if (now.containerId !== before.containerId) return 'has another container';
  return now.running ? undefined : 'has a container that does not run';
}
