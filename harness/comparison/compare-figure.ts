import type { ComparedFigure, Standing } from './comparison.ts';
import {
  type Counted,
  eventRateDifference,
  fisherExact,
  type Interval,
  rateDifference,
  sameEventRate,
} from './exact.ts';
import {
  bootstrapDifference,
  type Figure,
  type Place,
  permutationTest,
  quantileFigure,
  shareFigure,
} from './resample.ts';
import type { Series, SeriesOf, Trials } from './series.ts';

/** A figure before Holm's correction, which takes all of them. */
export type Measured = Omit<ComparedFigure, 'adjusted' | 'standing' | 'notWorse' | 'reason'> & {
  /** Why there is no interval; undefined where there is one. */
  tooFew: string | undefined;
};

export interface Settings {
  confidence: number;
  seed: number;
  /** Of resampling. */
  rounds: number;
  /** In place of the series' own. */
  margin: number | undefined;
}

/** From so many repetitions on either side, a run is what has a luck of its own: fewer cannot be told from chance. */
export const RUNS_FOR_RUN_LEVEL = 6;
/** Below this many on a side, blocks drawn with replacement tell too little of their spread. */
const LEAST_BLOCKS = 6;
/** As many values have to be expected beyond a quantile: with them the interval covers what it says (a simulation). */
const LEAST_BEYOND = 3;

/** One series in every run of both sides, in the order of the repetitions. Pure. */
export function measure(
  baseline: readonly Series[],
  candidate: readonly Series[],
  settings: Settings,
): Measured {
  const [first] = [...baseline, ...candidate];
  if (!first) throw new RangeError('there is no series to compare');
  const of = <Kind extends Series['kind']>(kind: Kind) => ({
    baseline: baseline.filter((series): series is SeriesOf<Kind> => series.kind === kind),
    candidate: candidate.filter((series): series is SeriesOf<Kind> => series.kind === kind),
  });
  const { name, unit } = first;
  // Where a plan allows nothing at all, nothing at all is too small to matter.
  const common = { name, unit, margin: Math.max(settings.margin ?? first.margin, Number.MIN_VALUE) };
  if (first.kind === 'events') return { ...common, ...measureEvents(of('events'), settings) };
  if (first.kind === 'values') return { ...common, ...measureValues(of('values'), first.quantile, settings) };
  const trials = of('trials');
  return { ...common, ...(first.independent ? measureTrials : measureShares)(trials, settings) };
}

type Tested = Omit<Measured, 'name' | 'unit' | 'margin'>;
interface Sides<Kind extends Series['kind']> {
  baseline: SeriesOf<Kind>[];
  candidate: SeriesOf<Kind>[];
}

function measureTrials({ baseline, candidate }: Sides<'trials'>, { confidence }: Settings): Tested {
  const [a, b] = [baseline, candidate].map((side) => sumOf(side.flatMap(({ blocks }) => blocks))) as [
    Trials,
    Trials,
  ];
  const figures = sidesOf(percent(a), a.of, percent(b), b.of);
  const interval = scaled(rateDifference(a, b, confidence), 100);
  const seen = a.of > 0 && b.of > 0;
  return {
    ...{ test: 'fisher', sampledBy: 'sample', ...figures },
    interval: seen ? interval : null,
    pValue: seen ? fisherExact(a, b) : null,
    tooFew: seen ? undefined : 'nothing was tried on one of the sides',
  };
}

function measureEvents({ baseline, candidate }: Sides<'events'>, { confidence }: Settings): Tested {
  const [a, b] = [baseline, candidate].map((side) =>
    side.reduce<Counted>(
      (sum, { events, exposure }) => ({
        events: sum.events + events,
        exposure: sum.exposure + exposure,
      }),
      { events: 0, exposure: 0 },
    ),
  ) as [Counted, Counted];
  const rate = ({ events, exposure }: Counted) => (exposure > 0 ? events / exposure : null);
  const seen = a.exposure > 0 && b.exposure > 0;
  return {
    ...{ test: 'poisson', sampledBy: 'sample', ...sidesOf(rate(a), a.events, rate(b), b.events) },
    interval: seen ? eventRateDifference(a, b, confidence) : null,
    pValue: seen ? sameEventRate(a, b) : null,
    tooFew: seen ? undefined : 'one of the sides was not watched',
  };
}

function measureValues(
  { baseline, candidate }: Sides<'values'>,
  quantile: number,
  settings: Settings,
): Tested {
  const pool = pooled(baseline, candidate, {
    merge: (blocks) => blocks.flat(),
    size: ({ length }) => length,
  });
  const least = Math.ceil(LEAST_BEYOND / Math.min(quantile, 1 - quantile));
  const fewest = Math.min(...pool.samples);
  const tooFew = fewest < least ? `${fewest} values on a side, and this quantile takes ${least}` : undefined;
  return resampled(pool, quantileFigure(pool.blocks, quantile), tooFew, settings);
}

/** Trials that share their block's luck: blocks are what is dealt and drawn. */
function measureShares({ baseline, candidate }: Sides<'trials'>, settings: Settings): Tested {
  const pool = pooled(baseline, candidate, { merge: sumOf, size: ({ of }) => of });
  const tested = resampled(pool, shareFigure(pool.blocks), undefined, settings);
  if (tested.interval === null) return tested;
  // Where none was bad the blocks have no spread, and yet the rate is known no better than from trials of their own.
  const alone = scaled(rateDifference(sumOf(pool.of(false)), sumOf(pool.of(true)), settings.confidence), 100);
  const { lower, upper } = tested.interval;
  return {
    ...tested,
    interval: { lower: Math.min(lower, alone.lower), upper: Math.max(upper, alone.upper) },
  };
}

/** The blocks of both sides, with what is dealt among them. */
interface Pool<Block> {
  blocks: Block[];
  places: Place[];
  sampledBy: 'block' | 'run';
  /** Of the baseline and of the candidate. */
  samples: [number, number];
  of(candidate: boolean): Block[];
}

function pooled<Block>(
  baseline: readonly { blocks: readonly Block[] }[],
  candidate: readonly { blocks: readonly Block[] }[],
  { merge, size }: { merge(blocks: readonly Block[]): Block; size(block: Block): number },
): Pool<Block> {
  const byRun = Math.min(baseline.length, candidate.length) >= RUNS_FOR_RUN_LEVEL;
  const placed = [baseline, candidate].flatMap((side, index) =>
    side.flatMap(({ blocks }, run) =>
      (byRun ? [merge(blocks)] : blocks)
        .filter((block) => size(block) > 0)
        // Dealt within a repetition a run would have nobody to change sides with but its other.
        .map((block) => ({ block, place: { candidate: index === 1, repetition: byRun ? 0 : run } })),
    ),
  );
  const of = (side: boolean) =>
    placed.filter(({ place }) => place.candidate === side).map(({ block }) => block);
  const count = (side: boolean) => of(side).reduce((sum, block) => sum + size(block), 0);
  return {
    blocks: placed.map(({ block }) => block),
    places: placed.map(({ place }) => place),
    sampledBy: byRun ? 'run' : 'block',
    samples: [count(false), count(true)],
    of,
  };
}

function resampled<Block>(
  { places, sampledBy, samples, of }: Pool<Block>,
  figure: Figure,
  tooFewValues: string | undefined,
  { confidence, seed, rounds }: Settings,
): Tested {
  const seen = (side: boolean) => {
    const value = figure(places.map(({ candidate }) => Number(candidate === side)));
    return Number.isNaN(value) ? null : value;
  };
  const fewest = Math.min(of(false).length, of(true).length);
  const tooFew =
    fewest < LEAST_BLOCKS
      ? `${fewest} independent ${sampledBy}s on a side, and ${LEAST_BLOCKS} are the least`
      : tooFewValues;
  const given = { places, figure, seed, rounds };
  return {
    ...{ test: 'permutation', sampledBy, ...sidesOf(seen(false), samples[0], seen(true), samples[1]) },
    interval: tooFew === undefined ? bootstrapDifference(given, confidence) : null,
    // Of a quantile beyond what was seen it would test something else.
    pValue: fewest > 0 && tooFewValues === undefined ? permutationTest(given) : null,
    tooFew,
  };
}

function sidesOf(baseline: number | null, of: number, candidate: number | null, candidateOf: number) {
  return {
    baseline: { figure: baseline, samples: of },
    candidate: { figure: candidate, samples: candidateOf },
    difference: baseline === null || candidate === null ? null : candidate - baseline,
  };
}

function sumOf(trials: readonly Trials[]): Trials {
  return trials.reduce((sum, { bad, of }) => ({ bad: sum.bad + bad, of: sum.of + of }), { bad: 0, of: 0 });
}

function percent({ bad, of }: Trials): number | null {
  return of === 0 ? null : (100 * bad) / of;
}

function scaled({ lower, upper }: Interval, factor: number): Interval {
  return { lower: factor * lower, upper: factor * upper };
}

/**
 * How a figure stands, its p-value adjusted for all that were tested beside it. Within the margin comes first: what is
 * surely too small to matter is the same, however surely it is there. For worse or better, a difference as large as the
 * margin was seen, and is not chance.
 */
export function standingOf(
  { tooFew, ...measured }: Measured,
  adjusted: number | null,
  { alpha, repetitions }: { alpha: number; repetitions: number },
): ComparedFigure {
  const { difference, interval, margin } = measured;
  const shown =
    adjusted !== null && adjusted <= alpha && difference !== null && Math.abs(difference) >= margin;
  const settle = (standing: Standing, reason: string, notWorse = standing !== 'worse'): ComparedFigure => ({
    ...measured,
    adjusted,
    standing,
    notWorse,
    reason,
  });
  if (interval && -margin < interval.lower && interval.upper < margin)
    return settle('same', 'all of the interval lies within the margin');
  if (shown) {
    const p = `adjusted p ${adjusted < 1e-4 ? '< 0.0001' : adjusted.toPrecision(2)}`;
    return difference > 0
      ? settle('worse', `by more than the margin, and not by chance (${p})`)
      : settle('better', `by more than the margin, and not by chance (${p})`);
  }
  if (tooFew !== undefined || !interval) return settle('unknown', `too few: ${tooFew}`, false);
  if (interval.upper < margin) return settle('unknown', 'not worse by the margin: better or the same', true);
  return settle('unknown', `it may be worse by more than the margin${hint(measured, repetitions)}`, false);
}

/** An interval is the narrower by the root of what it rests on. */
function hint({ difference, interval, margin }: Omit<Measured, 'tooFew'>, repetitions: number): string {
  const room = margin - Math.abs(difference ?? margin);
  if (!interval || room <= 0) return '';
  const times = ((interval.upper - interval.lower) / 2 / room) ** 2;
  return `; about ${Math.ceil(repetitions * Math.max(times, 1) + 1)} repetitions would tell`;
}
