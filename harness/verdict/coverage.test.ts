import { expect } from 'chai';
import {
  eventRateLowerBound,
  eventRateUpperBound,
  interval,
  lowerBound,
  quantile,
  quantileUpperBound,
  upperBound,
} from './bounds.ts';
import { binomial, exponential, poisson, shareOf, slackOf } from './testing/simulation.ts';

const ROUNDS = 4_000;
const CONFIDENCE = 0.95;
const ALPHA = 1 - CONFIDENCE;
/** Of the standard normal distribution, at 95 %. */
const Z = 1.644854;

const RATES = [
  [20, 0.05],
  [300, 0.003],
  [300, 0.3],
  [2_995, 0.0005],
  [2_995, 0.005],
] as const;

/** In what share of rounds a bound does not hold. */
const missed = (seed: number, misses: Parameters<typeof shareOf>[2], rounds = ROUNDS) =>
  shareOf(rounds, seed, misses);
const most = (share: number, rounds = ROUNDS) => share + slackOf(share, rounds);

/** Remembers what is the same for each count. */
function byCount(bound: (count: number) => number): (count: number) => number {
  const known = new Map<number, number>();
  return (count) => {
    const value = known.get(count) ?? bound(count);
    known.set(count, value);
    return value;
  };
}

describe('the coverage of a bound, simulated', function () {
  this.timeout(60_000);

  it('is what Clopper–Pearson’s upper bound says, at every rate, and is not Wald’s', () => {
    let walds = 0;
    for (const [n, rate] of RATES) {
      const upper = byCount((k) => upperBound(k, n, CONFIDENCE));
      const wald = (k: number) => k / n + Z * Math.sqrt(((k / n) * (1 - k / n)) / n);
      const below = (bound: (k: number) => number) =>
        missed(n, (next) => bound(binomial(next, n, rate)) < rate);
      expect(below(upper), `${n} at ${rate}`).to.be.at.most(most(ALPHA));
      if (below(wald) > most(ALPHA)) walds += 1;
    }
    expect(walds).to.be.at.least(3);
  });

  it('is no more than it has to be: just above a bound it is missed as often as it may', () => {
    for (const [n, k] of [
      [300, 0],
      [300, 2],
      [2_995, 0],
      [2_995, 5],
    ] as const) {
      const upper = byCount((failures) => upperBound(failures, n, CONFIDENCE));
      const rate = upper(k) * (1 + 1e-9);
      const misses = missed(n + k, (next) => upper(binomial(next, n, rate)) < rate);
      expect(misses).to.be.closeTo(ALPHA, slackOf(ALPHA, ROUNDS));
    }
  });

  it('is what the lower bound and the two-sided interval say, and is not that of a wrong side', () => {
    for (const [n, rate] of RATES) {
      const lower = byCount((k) => lowerBound(k, n, CONFIDENCE));
      expect(missed(n, (next) => lower(binomial(next, n, rate)) > rate)).to.be.at.most(most(ALPHA));
      const from = byCount((k) => interval(k, n, CONFIDENCE).lower);
      const to = byCount((k) => interval(k, n, CONFIDENCE).upper);
      const outside = missed(n, (next) => {
        const k = binomial(next, n, rate);
        return from(k) > rate || to(k) < rate;
      });
      expect(outside).to.be.at.most(most(ALPHA));
    }
    // Half the confidence on each side is not the one-sided bounds together.
    const [n, rate] = [300, 0.3];
    const lower = byCount((k) => lowerBound(k, n, 0.9));
    const upper = byCount((k) => upperBound(k, n, 0.9));
    const outside = missed(n, (next) => {
      const k = binomial(next, n, rate);
      return lower(k) > rate || upper(k) < rate;
    });
    expect(outside).to.be.above(most(ALPHA));
  });

  it('is what the order-statistic bound of a quantile says, whatever the distribution, and is not the quantile’s own', () => {
    const rounds = 1_000;
    for (const [n, p] of [
      [300, 0.99],
      [1_000, 0.99],
      [100, 0.5],
    ] as const) {
      for (const shape of [
        (x: number) => x,
        (x: number) => Math.exp(2 * x),
        (x: number) => Math.ceil(4 * x),
      ]) {
        const truth = shape(-Math.log(1 - p));
        const sample = (next: () => number) => Array.from({ length: n }, () => shape(exponential(next)));
        const below = missed(
          n,
          (next) => (quantileUpperBound(sample(next), p, CONFIDENCE) ?? Number.POSITIVE_INFINITY) < truth,
          rounds,
        );
        expect(below).to.be.at.most(most(ALPHA, rounds));
      }
      const naive = missed(
        n,
        (next) =>
          (quantile(
            Array.from({ length: n }, () => exponential(next)),
            p,
          ) as number) < -Math.log(1 - p),
        rounds,
      );
      expect(naive).to.be.above(most(ALPHA, rounds));
    }
  });

  it('is what the bounds of a rate of events say, and is not that of their normal approximation', () => {
    const exposure = 7;
    let normals = 0;
    for (const mean of [0.5, 2, 10]) {
      const rate = mean / exposure;
      const upper = byCount((events) => eventRateUpperBound(events, exposure, CONFIDENCE));
      const lower = byCount((events) => eventRateLowerBound(events, exposure, CONFIDENCE));
      const normal = (events: number) => (events + Z * Math.sqrt(events)) / exposure;
      const below = (bound: (events: number) => number) =>
        missed(mean, (next) => bound(poisson(next, mean)) < rate);
      expect(below(upper)).to.be.at.most(most(ALPHA));
      expect(missed(mean, (next) => lower(poisson(next, mean)) > rate)).to.be.at.most(most(ALPHA));
      if (below(normal) > most(ALPHA)) normals += 1;
    }
    expect(normals).to.be.at.least(2);
  });
});
