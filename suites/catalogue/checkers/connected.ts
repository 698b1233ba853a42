import type { History } from '../../../harness/history/event.ts';
import { type Judged, judgeFigure, type Target } from '../../judged.ts';
import { doubtsOf, heldOf, seenOf } from './seen.ts';

/**
 * The longest disconnect since the fault came, in seconds: between the last good look before it and the first one after, as a
 * disconnect may have begun right behind a look; of one that had no end, to the last look.
 */
export function checkConnected(history: History, scenario: string, target: Target): Judged {
  const { healed, healing, injected } = heldOf(history, scenario);
  const doubts = doubtsOf(history, scenario);
  const looks = seenOf(history, scenario, 'overlay.looked');
  const unmeasured = (reason: string) => judgeFigure(null, 0, target, 's', { reason, doubts });
  const first = looks.findIndex(({ mono }) => injected !== undefined && mono > injected);
  const before = looks[first - 1];
  if (first < 0 || !before?.body.reached)
    return unmeasured('it was not seen connected before and looked at since');
  const since = looks.slice(first);
  let good = before.mono;
  let longest = 0;
  let cut = false;
  for (const { body, mono } of since) {
    if (!body.reached) {
      cut = true;
      longest = Math.max(longest, mono - good);
      continue;
    }
    if (cut) longest = Math.max(longest, mono - good);
    cut = false;
    good = mono;
  }
  const times = [before, ...since].map(({ mono }) => mono);
  const gap = Math.max(...times.slice(1).map((mono, index) => mono - (times[index] as number)));
  const seen = (from: number | undefined, to = Number.POSITIVE_INFINITY) =>
    since.some(({ mono }) => from !== undefined && mono > from && mono < to);
  const dropped = (since.at(-1)?.body.inCsumErrors ?? 0) - before.body.inCsumErrors;
  const during = since.filter(({ mono }) => healing === undefined || mono < healing);
  const heldFor = (during.at(-1)?.mono ?? before.mono) - (injected as number);
  const reason = [
    longest === 0
      ? `connected at ${since.length} looks`
      : `disconnected for ${(longest / 1_000).toFixed(1)} s${cut ? ', to the last look' : ''}`,
    `the far kernel dropped ${dropped} datagrams for their checksum`,
  ].join('; ');
  return judgeFigure(longest / 1_000, since.length, target, 's', {
    reason,
    doubts: [
      ...doubts,
      ...(gap > 1_000 * target.threshold ? [`nobody looked for ${(gap / 1_000).toFixed(1)} s`] : []),
      ...(heldFor <= 1_000 * target.threshold ? ['it was not held for longer than is allowed'] : []),
      ...(seen(healed) ? [] : ['nobody looked afterwards']),
    ],
  });
}
