import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { grouped } from '../history/grouped.ts';
import { nearestRank } from '../verdict/bounds.ts';
import type { Interval } from './exact.ts';
import type { Trials } from './series.ts';

type Random = ReturnType<typeof xoroshiro128plus>;

/** The figure of blocks, each counted as often as its weight says; NaN where that leaves none. */
export type Figure = (weights: ArrayLike<number>) => number;

/** Of one block, of which side it is, and the repetition in which it was seen. */
export interface Place {
  candidate: boolean;
  repetition: number;
}

export interface Resampled {
  places: readonly Place[];
  figure: Figure;
  seed: number;
  rounds: number;
}

/** Nearest-rank quantile over all values of the blocks. */
export function quantileFigure(blocks: readonly (readonly number[])[], p: number): Figure {
  const sorted = blocks
    .flatMap((values, block) => values.map((value) => ({ value, block })))
    .sort((a, b) => a.value - b.value);
  // It is walked ten thousand times.
  const blockOf = Uint32Array.from(sorted, ({ block }) => block);
  return (weights) => {
    const total = blocks.reduce((sum, { length }, block) => sum + length * (weights[block] ?? 0), 0);
    const rank = nearestRank(total, p);
    let seen = 0;
    for (let at = 0; at < blockOf.length; at++) {
      seen += weights[blockOf[at] as number] as number;
      if (seen >= rank) return sorted[at]?.value ?? Number.NaN;
    }
    return Number.NaN;
  };
}

/** The bad ones' share of all trials of the blocks, in percent. */
export function shareFigure(blocks: readonly Trials[]): Figure {
  return (weights) => {
    let bad = 0;
    let of = 0;
    for (const [block, trials] of blocks.entries()) {
      bad += trials.bad * (weights[block] ?? 0);
      of += trials.of * (weights[block] ?? 0);
    }
    return (100 * bad) / of;
  };
}

/**
 * Permutation test that it does not matter of which side a block is: two-sided, as twice the smaller tail. Sides are dealt
 * anew within each repetition, so that what drifts from one to the next is no difference. Its level holds for as few
 * blocks as there are, for the dealing that was seen is counted too.
 */
export function permutationTest({ places, figure, seed, rounds }: Resampled): number {
  const random = xoroshiro128plus(seed);
  const strata = [...grouped(places.keys(), (index) => places[index]?.repetition).values()];
  const sides = Uint8Array.from(places, ({ candidate }) => Number(candidate));
  const difference = (of: Uint8Array) => figure(of) - figure(of.map((side) => 1 - side));
  const seen = difference(sides);
  // What floating point makes of equal differences is equal.
  const slack = 1e-9 * Math.max(1, Math.abs(seen));
  let below = 1;
  let above = 1;
  for (let round = 0; round < rounds; round++) {
    for (const stratum of strata) shuffle(sides, stratum, random);
    const dealt = difference(sides);
    if (dealt <= seen + slack) below += 1;
    if (dealt >= seen - slack) above += 1;
  }
  return Math.min(1, (2 * Math.min(below, above)) / (rounds + 1));
}

/**
 * Percentile bootstrap of the candidate's figure less the baseline's: blocks are drawn whole, with replacement, each side
 * from its own.
 */
export function bootstrapDifference(
  { places, figure, seed, rounds }: Resampled,
  confidence: number,
): Interval {
  const random = xoroshiro128plus(seed);
  const [baseline, candidate] = [false, true].map((side) =>
    [...places.keys()].filter((index) => places[index]?.candidate === side),
  ) as [number[], number[]];
  const draw = (from: readonly number[]): number => {
    const weights = new Uint16Array(places.length);
    for (const _ of from) {
      const index = from[uniformInt(random, 0, from.length - 1)] as number;
      weights[index] = (weights[index] ?? 0) + 1;
    }
    return figure(weights);
  };
  return middle(
    Float64Array.from({ length: rounds }, () => draw(candidate) - draw(baseline)),
    confidence,
  );
}

/** Percentile bootstrap of one side's figure, which may be a difference within each block. */
export function bootstrap(
  { blocks, figure, rounds, seed }: { blocks: number } & Omit<Resampled, 'places'>,
  confidence: number,
): Interval {
  const random = xoroshiro128plus(seed);
  const weights = new Uint16Array(blocks);
  const draw = () => {
    weights.fill(0);
    for (let count = 0; count < blocks; count++) {
      const index = uniformInt(random, 0, blocks - 1);
      weights[index] = (weights[index] as number) + 1;
    }
    return figure(weights);
  };
  return middle(Float64Array.from({ length: rounds }, draw), confidence);
}

/** Where the middle share of what was drawn lies. */
function middle(drawn: Float64Array, confidence: number): Interval {
  drawn.sort();
  const tail = (1 - confidence) / 2;
  return {
    lower: drawn[Math.floor(tail * drawn.length)] as number,
    upper: drawn[Math.ceil((1 - tail) * drawn.length) - 1] as number,
  };
}

/** Fisher–Yates, of the entries at these places. */
function shuffle(entries: Uint8Array, at: readonly number[], random: Random): void {
  for (let last = at.length - 1; last > 0; last--) {
    const [a, b] = [at[last] as number, at[uniformInt(random, 0, last)] as number];
    [entries[a], entries[b]] = [entries[b] as number, entries[a] as number];
  }
}
