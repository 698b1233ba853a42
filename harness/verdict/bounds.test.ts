import { expect } from 'chai';
import fc from 'fast-check';
import {
  eventRateUpperBound,
  interval,
  lowerBound,
  quantile,
  quantileUpperBound,
  samplesForZeroFailures,
  upperBound,
} from './bounds.ts';

/** P(X ≤ k) for X of Binomial(n, p), summed term by term in logarithms. */
function binomialTail(k: number, n: number, p: number): number {
  let logTerm = n * Math.log1p(-p);
  let sum = Math.exp(logTerm);
  for (let i = 1; i <= k; i++) {
    logTerm += Math.log((n - i + 1) / i) + Math.log(p) - Math.log1p(-p);
    sum += Math.exp(logTerm);
  }
  return sum;
}

const counts = fc
  .integer({ min: 1, max: 4_000 })
  .chain((n) => fc.tuple(fc.constant(n), fc.oneof(fc.nat({ max: Math.min(n, 12) }), fc.nat({ max: n }))));
const confidence = fc.constantFrom(0.8, 0.9, 0.95, 0.99, 0.999);

describe('Clopper–Pearson bounds', () => {
  it('leave exactly the tail that the confidence asks for', () => {
    fc.assert(
      fc.property(counts, confidence, ([n, k], level) => {
        const upper = upperBound(k, n, level);
        if (k === n) expect(upper).to.equal(1);
        else expect(binomialTail(k, n, upper)).to.be.closeTo(1 - level, 1e-6);
        const lower = lowerBound(k, n, level);
        if (k === 0) expect(lower).to.equal(0);
        else expect(1 - binomialTail(k - 1, n, lower)).to.be.closeTo(1 - level, 1e-6);
      }),
    );
  });

  it('enclose the rate seen, and the two-sided interval encloses the one-sided bounds', () => {
    fc.assert(
      fc.property(counts, confidence, ([n, k], level) => {
        const { lower, upper } = interval(k, n, level);
        expect(lower).to.be.at.most(lowerBound(k, n, level));
        expect(upper).to.be.at.least(upperBound(k, n, level));
        expect(k / n).to.be.within(lower, upper);
      }),
    );
  });

  it('give the published figures', () => {
    // Newcombe 1998, table I, method 5 (exact): 81 of 263 and 15 of 148 and 1 of 29.
    for (const [k, n, lower, upper] of [
      [81, 263, 0.2527, 0.3676],
      [15, 148, 0.0578, 0.1617],
      [1, 29, 0.0009, 0.1776],
    ] as const) {
      const found = interval(k, n, 0.95);
      expect(found.lower).to.be.closeTo(lower, 5e-5);
      expect(found.upper).to.be.closeTo(upper, 5e-5);
    }
  });

  it('exclude nothing without a sample', () => {
    expect(interval(0, 0, 0.95)).to.deep.equal({ lower: 0, upper: 1 });
  });

  it('refuse counts that cannot be', () => {
    for (const [k, n, level] of [
      [2, 1, 0.95],
      [-1, 1, 0.95],
      [0.5, 1, 0.95],
      [0, 1, 1],
      [0, Number.NaN, 0.95],
    ] as const) {
      expect(() => upperBound(k, n, level)).to.throw(RangeError);
    }
  });
});

describe('samplesForZeroFailures', () => {
  it('gives the figures of the levels', () => {
    expect(samplesForZeroFailures(0.001, 0.95)).to.equal(2_995);
    expect(samplesForZeroFailures(0.01, 0.95)).to.equal(299);
  });

  it('is the least number whose bound is low enough', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-4, max: 0.5, noNaN: true }), confidence, (rate, level) => {
        const n = samplesForZeroFailures(rate, level);
        expect(upperBound(0, n, level)).to.be.at.most(rate * (1 + 1e-9));
        if (n > 1) expect(upperBound(0, n - 1, level)).to.be.above(rate * (1 - 1e-9));
      }),
    );
  });
});

describe('quantile', () => {
  it('is the smallest value that the share asked for does not exceed', () => {
    const values = fc.array(fc.integer(), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 100 }), (sample, percent) => {
        const found = quantile(sample, percent / 100) as number;
        const notAbove = (value: number) => sample.filter((other) => other <= value).length * 100;
        expect(notAbove(found)).to.be.at.least(percent * sample.length);
        for (const smaller of sample.filter((other) => other < found)) {
          expect(notAbove(smaller)).to.be.below(percent * sample.length);
        }
      }),
    );
  });

  it('of nothing is undefined', () => {
    expect(quantile([], 0.99)).to.equal(undefined);
  });

  it('leaves its input as it was', () => {
    const values = [3, 1, 2];
    expect(quantile(values, 0.5)).to.equal(2);
    expect(values).to.deep.equal([3, 1, 2]);
  });
});

describe('quantileUpperBound', () => {
  const upTo = (n: number) => Array.from({ length: n }, (_, index) => index + 1);

  it('of p99 at 95 % takes 299 values', () => {
    expect(quantileUpperBound(upTo(298), 0.99, 0.95)).to.equal(null);
    expect(quantileUpperBound(upTo(299), 0.99, 0.95)).to.equal(299);
    expect(quantileUpperBound([], 0.99, 0.95)).to.equal(null);
  });

  it('is the least rank whose exact binomial tail reaches the confidence', () => {
    const shares = fc.constantFrom(0.5, 0.9, 0.95, 0.99);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3_000 }), shares, confidence, (n, p, level) => {
        const rank = quantileUpperBound(upTo(n), p, level);
        if (rank === null) {
          expect(binomialTail(n - 1, n, p)).to.be.below(level + 1e-9);
        } else {
          expect(binomialTail(rank - 1, n, p)).to.be.at.least(level - 1e-9);
          if (rank > 1) expect(binomialTail(rank - 2, n, p)).to.be.below(level + 1e-9);
          expect(rank).to.be.at.least(quantile(upTo(n), p) as number);
        }
      }),
    );
  });
});

describe('eventRateUpperBound', () => {
  /** P(X ≤ k) for X of Poisson(mean), summed term by term. */
  const poissonTail = (k: number, mean: number) => {
    let term = Math.exp(-mean);
    let sum = term;
    for (let at = 1; at <= k; at++) {
      term *= mean / at;
      sum += term;
    }
    return sum;
  };

  it('is about three in the time watched where nothing happened', () => {
    expect(eventRateUpperBound(0, 10, 0.95)).to.be.closeTo(0.2996, 1e-4);
    expect(eventRateUpperBound(0, 0, 0.95)).to.equal(Number.POSITIVE_INFINITY);
  });

  it('is the rate at which so few would be seen just so seldom', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 500 }), (events, exposure) => {
        const mean = eventRateUpperBound(events, exposure, 0.95) * exposure;
        expect(poissonTail(events, mean)).to.be.closeTo(0.05, 1e-6);
      }),
    );
  });
});
