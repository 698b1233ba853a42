import type { History } from '../../../harness/history/event.ts';
import { type Judged, judgeFigure, type Target } from '../../judged.ts';
import { compareVersions, parseVersion } from '../version.ts';
import { doubtsOf, heldOf, kubernetesOf, seenOf } from './seen.ts';

/** From here on PodResources lists active pods alone. */
const ACTIVE_ALONE = [1, 34, 0] as const;

/** Looks, after the fault came, at which a finished pod was no longer what it was, or was listed with its device. */
export function checkFinished(history: History, scenario: string, pod: string, target: Target): Judged {
  const { bit, healed, healing, injected } = heldOf(history, scenario);
  const doubts = doubtsOf(history, scenario);
  const looks = seenOf(history, scenario, 'pod.looked').filter(({ body }) => body.pod === pod);
  const before = looks.findLast(({ mono }) => injected !== undefined && mono < injected);
  if (injected === undefined || before?.body.phase !== 'Succeeded') {
    doubts.push(`${pod} was not seen Succeeded before`);
    return judgeFigure(null, 0, target, 'looks', { reason: 'there is nothing to compare with', doubts });
  }
  const after = looks.filter(({ mono }) => mono > injected);
  const regressed = after.filter(
    ({ body }) =>
      body.phase !== 'Succeeded' || body.uid !== before.body.uid || body.restarts > before.body.restarts,
  );
  // The kubelet before the restart is judged too, once the pod has ended.
  const lists = seenOf(history, scenario, 'podresources.listed').filter(({ mono }) => mono > before.mono);
  const version = parseVersion(kubernetesOf(history));
  const counts = version !== undefined && compareVersions(version, ACTIVE_ALONE) >= 0;
  const listed = counts ? lists.filter(({ body }) => body.pods.includes(pod)) : [];
  const within = (events: readonly { mono: number }[], from: number | undefined, to: number | undefined) =>
    events.some(({ mono }) => from !== undefined && mono > from && (to === undefined || mono < to));
  if (bit !== undefined && !within(after, bit, healing)) doubts.push('nobody looked while it lasted');
  if (!within(after, healed, undefined)) doubts.push('nobody looked afterwards');
  if (version === undefined) doubts.push('whose kubelet it is is not known');
  if (counts && !within(lists, healed, undefined)) doubts.push('PodResources could not be listed afterwards');
  const [worst] = regressed;
  const parts = [
    worst
      ? `${pod} is ${worst.body.phase}${worst.body.reason && ` (${worst.body.reason}: ${worst.body.message})`}`
      : `${pod} was Succeeded at ${after.length} looks`,
    counts
      ? `listed by PodResources in ${listed.length} of ${lists.length} lists`
      : 'what PodResources lists is not judged before 1.34',
  ];
  return judgeFigure(regressed.length + listed.length, after.length, target, 'looks', {
    reason: parts.join('; '),
    doubts,
  });
}
