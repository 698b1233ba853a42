import { type Figure, shareFigure } from '../../../harness/comparison/resample.ts';
import { eventRateLowerBound, eventRateUpperBound, quantile } from '../../../harness/verdict/bounds.ts';
import { CONFIDENCE, type Estimate, estimate, sharePercent } from '../../simulation/estimate.ts';
import { MONTH_DAYS, type NodeMonth } from './node.ts';

const ROUNDS = 2_000;

/** What became of all nodes under one set of remedies. */
export interface Figures {
  nodeMonths: number;
  disconnects: number;
  /** A node and day; exact bounds for events that come independently of each other. */
  disconnectsPerDay: Estimate;
  /** Lengths of disconnects in ms; null where there was none. */
  meanMs: number | null;
  p99Ms: number | null;
  longestMs: number | null;
  /** How long a disconnect kept the publisher without an acknowledgement, in ms; null likewise. */
  meanStallMs: number | null;
  published: number;
  delivered: number;
  lost: number;
  stored: number;
  /** Of what was published, in percent; bootstrap over the node-months. */
  lostPercent: Estimate;
  /** Share of the disconnects that somebody was told of while they lasted, in percent; Clopper–Pearson. */
  noticedPercent: Estimate | null;
}

export function figuresOf(months: readonly NodeMonth[], seed: number): Figures {
  const sum = (of: (month: NodeMonth) => number) => months.reduce((total, month) => total + of(month), 0);
  const lengths = months.flatMap(({ disconnects }) => disconnects);
  const days = sum((month) => month.days);
  const tail = (1 + CONFIDENCE) / 2;
  const noticed = sum((month) => month.noticed);
  const lost = sum((month) => month.lost);
  return {
    nodeMonths: days / MONTH_DAYS,
    disconnects: lengths.length,
    disconnectsPerDay: {
      figure: lengths.length / days,
      lower: eventRateLowerBound(lengths.length, days, tail),
      upper: eventRateUpperBound(lengths.length, days, tail),
    },
    meanMs: lengths.length === 0 ? null : lengths.reduce((total, ms) => total + ms, 0) / lengths.length,
    p99Ms: quantile(lengths, 0.99) ?? null,
    longestMs: quantile(lengths, 1) ?? null,
    meanStallMs: lengths.length === 0 ? null : sum((month) => month.stalledMs) / lengths.length,
    published: sum((month) => month.published),
    delivered: sum((month) => month.delivered),
    lost,
    stored: sum((month) => month.stored),
    lostPercent:
      // Drawing again from months without a loss would find none, whatever the truth.
      lost === 0
        ? { figure: 0, lower: 0, upper: null }
        : estimate(months.length, lossOf(months), seed, ROUNDS),
    noticedPercent: lengths.length === 0 ? null : sharePercent(noticed, lengths.length),
  };
}

/** What one set of remedies has less than another, of the same nodes in the same weather. */
export interface Bought {
  disconnectsPerDay: Estimate;
  /** In percentage points. */
  lostPercent: Estimate;
}

/** Differences within each node-month, which both have met alike; bootstrap over the node-months. */
export function boughtBy(worse: readonly NodeMonth[], better: readonly NodeMonth[], seed: number): Bought {
  const less = (of: (months: readonly NodeMonth[]) => Figure) => {
    const [before, after] = [of(worse), of(better)];
    return estimate(worse.length, (weights) => before(weights) - after(weights), seed, ROUNDS);
  };
  return { disconnectsPerDay: less(rateOf), lostPercent: less(lossOf) };
}

function lossOf(months: readonly NodeMonth[]): Figure {
  return shareFigure(months.map(({ lost, published }) => ({ bad: lost, of: published })));
}

function rateOf(months: readonly NodeMonth[]): Figure {
  const counts = months.map(({ disconnects }) => disconnects.length);
  return (weights) => {
    let events = 0;
    let days = 0;
    for (const [index, month] of months.entries()) {
      events += (counts[index] as number) * (weights[index] ?? 0);
      days += month.days * (weights[index] ?? 0);
    }
    return events / days;
  };
}
