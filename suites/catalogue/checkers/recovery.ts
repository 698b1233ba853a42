import type { History } from '../../../harness/history/event.ts';
import { type Judged, judgeFigure, type Target } from '../../judged.ts';
import type { CatalogueSettings } from '../settings.ts';
import { doubtsOf, heldOf, seenOf } from './seen.ts';
import { judgeUntil } from './until.ts';

/** A status that was not looked at for longer may have been anything. */
const LONGEST_GAP_MS = 5_000;

interface Recovery {
  scenario: string;
  /** From when it counts, on the history's clock; undefined where that did not happen. */
  from: number | undefined;
  /** The last that is looked at. */
  to?: number | undefined;
  /** The plugins' open streams that there have to be in the end. */
  streams?: number;
}

/**
 * Seconds from `from` until all devices are allocatable and stay so: the beginning of the last stretch of looks that show
 * all of them, which has to last as long as is asked for.
 */
export function checkRecovery(
  history: History,
  { from, scenario, streams, to = Number.POSITIVE_INFINITY }: Recovery,
  target: Target,
  { devices, stays }: Pick<CatalogueSettings, 'devices' | 'stays'>,
): Judged {
  const doubts = doubtsOf(history, scenario);
  const unmeasured = (reason: string) => judgeFigure(null, 0, target, 's', { reason, doubts });
  if (from === undefined) return unmeasured('it is not known from when on');
  const looks = seenOf(history, scenario, 'allocatable.seen').filter(
    ({ mono }) => mono >= from && mono <= to,
  );
  const last = looks.at(-1);
  if (!last) return unmeasured('nobody looked at what was allocatable');
  const seconds = (mono: number) => (mono - from) / 1_000;
  const bad = looks.findLastIndex(({ body }) => body.allocatable !== devices);
  const first = looks[bad + 1];
  const notYet = bad < 0 ? 0 : seconds((looks[bad] as (typeof looks)[number]).mono);
  if (!first) {
    const reason = `${last.body.allocatable} of ${devices} allocatable ${notYet.toFixed(1)} s later`;
    return judgeUntil({ notYet, by: undefined }, looks.length, target, { reason, doubts });
  }
  const lost = Math.min(...looks.map(({ body }) => body.allocatable));
  // Allocatable from the first look on: never gone, as far as was seen.
  const by = bad < 0 ? 0 : seconds(first.mono);
  const stayed = last.mono - first.mono;
  const times = [from, ...looks.map(({ mono }) => mono)];
  const gap = Math.max(...times.slice(1).map((mono, index) => mono - (times[index] as number)));
  const more = [
    ...(stayed < stays ? [`seen to stay for ${(stayed / 1_000).toFixed(1)} s, not ${stays / 1_000} s`] : []),
    ...(gap > LONGEST_GAP_MS ? [`nobody looked for ${(gap / 1_000).toFixed(1)} s`] : []),
  ];
  const back = `down to ${lost} of ${devices} allocatable, all of them again ${by.toFixed(1)} s later`;
  const reason = `${bad < 0 ? `${devices} of ${devices} allocatable` : back}, for ${(stayed / 1_000).toFixed(1)} s`;
  const judged = judgeUntil({ by, notYet }, looks.length, target, { reason, doubts: [...doubts, ...more] });
  if (streams === undefined || last.body.openStreams === streams || judged.verdict === 'fail') return judged;
  return {
    ...judged,
    verdict: 'fail',
    reason: `${reason}; ${last.body.openStreams} streams to the kubelet are open, not ${streams}`,
  };
}

/** The same of a plugin that has to find its own way back while the row's fault is held, to one stream. */
export function checkRecoveryWhileHeld(
  history: History,
  scenario: string,
  target: Target,
  settings: Pick<CatalogueSettings, 'devices' | 'stays'>,
): Judged {
  const { healing, injected } = heldOf(history, scenario);
  return checkRecovery(history, { scenario, from: injected, to: healing, streams: 1 }, target, settings);
}
