import type { History } from '../../../harness/history/event.ts';
import { type Judged, judgeFigure, type Target } from '../../judged.ts';
import { doubtsOf, heldOf, seenOf } from './seen.ts';

interface Start {
  pod: string;
  uid: string;
  /** The container's first and last look, wall ms by the runtime's stamps. */
  from: number;
  to: number;
  first: readonly string[];
  had: readonly string[];
}

/**
 * Containers that could not use the device of their claim at their first look, and devices that were in two at once: of two
 * claims by the API, or of two containers that lived, joined by pod UID.
 */
export function checkClaims(history: History, scenario: string, target: Target, wanted: number): Judged {
  const { injected } = heldOf(history, scenario);
  const doubts = doubtsOf(history, scenario);
  const preparations = seenOf(history, scenario, 'claim.prepared');
  const prepared = preparations.filter(({ body }) => body.moment === 'asked');
  const starts = startsIn(history, scenario);
  const late = starts.filter(
    ({ first, uid }) =>
      first.length === 0 ||
      !prepared
        .filter(({ body }) => body.pod === uid)
        .flatMap(({ body }) => body.devices)
        .every((device) => first.includes(device)),
  );
  const allocations = seenOf(history, scenario, 'claims.seen');
  const twice = new Set(
    allocations.flatMap(({ body }) => repeated(body.claims.flatMap(({ devices }) => devices))),
  );
  const shared = new Set(
    starts.flatMap((one, index) =>
      starts
        .slice(index + 1)
        .filter(({ from, to, uid }) => uid !== one.uid && from <= one.to && one.from <= to)
        .flatMap(({ had }) => had.filter((device) => one.had.includes(device))),
    ),
  );
  const delay = seenOf(history, scenario, 'claims.delayed').at(-1)?.body;
  // A driver that did not wait so long is caught by a container that starts sooner alone.
  const telling = (start: Start) => {
    const asked = prepared.find(({ body, mono }) => body.pod === start.uid && mono > (injected ?? 0));
    const over = preparations.find(({ body }) => body.pod === start.uid && body.moment === 'over');
    if (!asked || delay === undefined) return true;
    const waited = over ? over.mono - asked.mono : 0;
    return waited >= delay.delayMs || start.from - asked.wall < delay.delayMs;
  };
  const slow = starts.filter((start) => !telling(start)).length;
  const during = prepared.filter(({ mono }) => injected !== undefined && mono > injected);
  const more = [
    ...(starts.length < wanted
      ? [`${starts.length} of ${wanted} containers were seen from their start`]
      : []),
    ...(starts.some(({ uid }) => !prepared.some(({ body }) => body.pod === uid))
      ? ['a container started whose claim was not seen prepared']
      : []),
    ...(slow > 0 ? [`${slow} containers took longer to start than their device to come`] : []),
    ...(allocations.length === 0 ? ['nobody looked at the claims'] : []),
    ...(during.length === 0 ? ['no claim was prepared while it lasted'] : []),
    ...(delay === undefined || delay.delayMs <= delay.startMs
      ? ['a device came no later than a container takes to start']
      : []),
  ];
  const reason = [
    late.length > 0
      ? `${late.length} of ${starts.length} containers started without their device`
      : `${starts.length} containers could use their device from the start`,
    twice.size > 0 ? `${[...twice].sort().join(', ')} in two claims` : 'no device in two claims',
    shared.size > 0 ? `${[...shared].sort().join(', ')} in two containers` : 'none in two containers',
  ].join('; ');
  const measured = starts.length === 0 ? null : late.length + twice.size + shared.size;
  return judgeFigure(measured, starts.length, target, 'false allocations', {
    reason,
    doubts: [...doubts, ...more],
  });
}

/** The pods whose container was heard from its first look on. */
function startsIn(history: History, scenario: string): Start[] {
  const looks = seenOf(history, scenario, 'pod.looked');
  const work = seenOf(history, scenario, 'work.seen');
  return [...new Set(work.map(({ body }) => body.pod))].flatMap((pod) => {
    const own = work.filter(({ body }) => body.pod === pod).map(({ body }) => body);
    const first = own.find(({ n }) => n === 0);
    const uid = looks.find(({ body }) => body.pod === pod && body.uid !== undefined)?.body.uid;
    if (!first || uid === undefined) return [];
    const stamps = own.map(({ at }) => at);
    return [
      {
        ...{ pod, uid, first: first.usable, from: first.at, to: Math.max(...stamps) },
        had: [...new Set(own.flatMap(({ usable, visible }) => [...usable, ...visible]))],
      },
    ];
  });
}

function repeated(devices: readonly string[]): string[] {
  return devices.filter((device, index) => devices.indexOf(device) !== index);
}
