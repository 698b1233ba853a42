import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Outage } from '../connectivity.ts';

/** A blackout to come: how long the way is open before it, and how long it lasts, in ms. */
export interface Blackout {
  pauseMs: number;
  ms: number;
}

/** On the machine's monotonic clock, the moments between which something was done. */
export type Bounds = readonly [after: number, before: number];

/** A blackout as it was made: nothing got through from `cut` to `mended`. */
export interface Truth {
  cut: Bounds;
  mended: Bounds;
}

/** The pauses are longer than any stall of a prober, and no multiple of its interval. */
const PAUSE_MS = [1_500, 2_000] as const;

/** Blackouts whose lengths' logarithms are spread evenly, from a seed. */
export function drawBlackouts(
  count: number,
  [least, most]: readonly [number, number],
  seed: number,
): Blackout[] {
  const random = xoroshiro128plus(seed);
  return Array.from({ length: count }, () => ({
    pauseMs: PAUSE_MS[0] + uniformFloat64(random) * (PAUSE_MS[1] - PAUSE_MS[0]),
    ms: least * (most / least) ** uniformFloat64(random),
  }));
}

/** Shared out to links so that all are done at about the same time: the longest first, each to who has least to do. */
export function shareOut(blackouts: readonly Blackout[], links: number): Blackout[][] {
  const lanes = Array.from({ length: links }, () => ({ ms: 0, blackouts: [] as Blackout[] }));
  for (const blackout of [...blackouts].sort((a, b) => b.ms - a.ms)) {
    const idlest = lanes.reduce((least, lane) => (lane.ms < least.ms ? lane : least));
    idlest.ms += blackout.pauseMs + blackout.ms;
    idlest.blackouts.push(blackout);
  }
  return lanes.map((lane) => lane.blackouts);
}

/** What was measured against what was done. */
export interface Comparison {
  /** Measured length less the true one, in ms, of each blackout that was found. */
  errors: number[];
  /** Blackouts that no outage shows. */
  missed: number;
  /** Outages in which there was no blackout. */
  invented: number;
}

/** Of one way. The true length is taken from middle to middle of the bounds. An outage belongs to the blackout that it overlaps. */
export function compare(truths: readonly Truth[], outages: readonly Outage[]): Comparison {
  const overlaps = ({ cut, mended }: Truth, { fromMono, toMono }: Outage) =>
    fromMono < mended[1] && toMono > cut[0];
  const errors: number[] = [];
  for (const truth of truths) {
    const outage = outages.find((each) => overlaps(truth, each));
    if (outage) errors.push(outage.ms - (middle(truth.mended) - middle(truth.cut)));
  }
  return {
    errors,
    missed: truths.length - errors.length,
    invented: outages.filter((outage) => !truths.some((truth) => overlaps(truth, outage))).length,
  };
}

/** How far a true length may be off, in ms: half of what is open at either end. */
export function doubtMs({ cut, mended }: Truth): number {
  return (cut[1] - cut[0] + mended[1] - mended[0]) / 2;
}

function middle([after, before]: Bounds): number {
  return (after + before) / 2;
}
