import { expect } from 'chai';
import fc from 'fast-check';
import { eventRateDifference, fisherExact, holm, rateDifference, sameEventRate } from './exact.ts';

const trials = fc
  .tuple(fc.nat(40), fc.integer({ min: 1, max: 40 }))
  .map(([bad, of]) => ({ bad: Math.min(bad, of), of }));

/** P(X = k) of Binomial(n, p). */
function binomial(k: number, n: number, p: number): number {
  let chance = (1 - p) ** (n - k) * p ** k;
  for (let i = 1; i <= k; i++) chance *= (n - k + i) / i;
  return chance;
}

describe('Fisher’s exact test', () => {
  it('has Fisher’s own figure for the lady tasting tea, twice the tail', () => {
    // 3 of 4 against 1 of 4: P(3 or 4) is 17/70.
    expect(fisherExact({ bad: 1, of: 4 }, { bad: 3, of: 4 })).to.be.closeTo(34 / 70, 1e-12);
  });

  it('is a p-value, the same whichever side is first, and 1 for equal counts', () => {
    fc.assert(
      fc.property(trials, trials, (a, b) => {
        const p = fisherExact(a, b);
        expect(p).to.be.within(0, 1);
        expect(fisherExact(b, a)).to.be.closeTo(p, 1e-9);
        expect(fisherExact(a, a)).to.equal(1);
      }),
    );
  });

  it('keeps its level at every rate and size: the chance of a false alarm, added up over all outcomes', () => {
    for (const [n, m] of [
      [8, 8],
      [20, 12],
      [30, 30],
    ] as const) {
      for (const rate of [0.02, 0.1, 0.3, 0.5, 0.9]) {
        let alarms = 0;
        for (let a = 0; a <= n; a++) {
          for (let b = 0; b <= m; b++) {
            const p = fisherExact({ bad: a, of: n }, { bad: b, of: m });
            if (p <= 0.05) alarms += binomial(a, n, rate) * binomial(b, m, rate);
          }
        }
        expect(alarms, `${n} against ${m} at ${rate}`).to.be.at.most(0.05);
      }
    }
  });

  it('sees 97 of 312 against none of 304, and says nothing of samples without a trial', () => {
    expect(fisherExact({ bad: 0, of: 304 }, { bad: 97, of: 312 })).to.be.below(1e-20);
    expect(fisherExact({ bad: 0, of: 0 }, { bad: 3, of: 3 })).to.equal(1);
  });
});

describe('an interval of the difference of two rates', () => {
  it('covers the truth at least as often as it says', () => {
    for (const [p, q] of [
      [0.01, 0.01],
      [0.1, 0.3],
      [0.5, 0.5],
    ] as const) {
      let covered = 0;
      for (let a = 0; a <= 30; a++) {
        for (let b = 0; b <= 30; b++) {
          const { lower, upper } = rateDifference({ bad: a, of: 30 }, { bad: b, of: 30 }, 0.95);
          if (lower <= q - p && q - p <= upper) covered += binomial(a, 30, p) * binomial(b, 30, q);
        }
      }
      expect(covered).to.be.at.least(0.95);
    }
  });

  it('lies around the difference that was seen, and is all there is without a trial', () => {
    fc.assert(
      fc.property(trials, trials, (a, b) => {
        const { lower, upper } = rateDifference(a, b, 0.95);
        expect(b.bad / b.of - a.bad / a.of).to.be.within(lower, upper);
      }),
    );
    expect(rateDifference({ bad: 0, of: 0 }, { bad: 0, of: 0 }, 0.95)).to.deep.equal({ lower: -1, upper: 1 });
  });
});

describe('two rates of events', () => {
  it('are one where each has its share, and are not where one has all', () => {
    expect(sameEventRate({ events: 5, exposure: 1 }, { events: 5, exposure: 1 })).to.equal(1);
    // All ten on one side of two equal ones: 2 × 2^-10.
    expect(sameEventRate({ events: 0, exposure: 1 }, { events: 10, exposure: 1 })).to.be.closeTo(
      2 ** -9,
      1e-12,
    );
    expect(sameEventRate({ events: 0, exposure: 1 }, { events: 0, exposure: 9 })).to.equal(1);
  });

  it('have a difference that is known the better the longer they were watched', () => {
    const short = eventRateDifference({ events: 0, exposure: 1 }, { events: 0, exposure: 1 }, 0.95);
    const long = eventRateDifference({ events: 0, exposure: 10 }, { events: 0, exposure: 10 }, 0.95);
    expect(short.upper).to.be.closeTo(10 * long.upper, 1e-9);
    expect(short.lower).to.be.closeTo(-short.upper, 1e-9);
  });
});

describe('Holm’s correction', () => {
  it('steps down from the smallest', () => {
    expect(holm([0.01, 0.04, 0.03, 0.005])).to.deep.equal([0.03, 0.06, 0.06, 0.02]);
    expect(holm([])).to.deep.equal([]);
  });

  it('never makes a p-value smaller, keeps their order, and is no worse than Bonferroni’s', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1 }), (values) => {
        const adjusted = holm(values);
        for (const [index, p] of values.entries()) {
          expect(adjusted[index]).to.be.within(p, Math.min(1, p * values.length));
          for (const [other, q] of values.entries())
            if (p < q) expect(adjusted[index]).to.be.at.most(adjusted[other] as number);
        }
      }),
    );
  });
});
