import { expect } from 'chai';
import fc from 'fast-check';
import { quantile } from '../verdict/bounds.ts';
import { bootstrap, bootstrapDifference, permutationTest, quantileFigure, shareFigure } from './resample.ts';

const blocks = fc.array(fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 5 }), {
  minLength: 2,
  maxLength: 12,
});

function given(values: readonly (readonly number[])[], seed = 1) {
  const places = values.map((_, index) => ({ candidate: index % 2 === 1, repetition: 0 }));
  return { places, figure: quantileFigure(values, 0.5), seed, rounds: 300 };
}

describe('a figure of blocks', () => {
  it('is the quantile of what they hold, each as often as it is drawn', () => {
    fc.assert(
      fc.property(blocks, fc.double({ min: 0.01, max: 1, noNaN: true }), (held, p) => {
        const weights = held.map((_, index) => index % 3);
        const drawn = held.flatMap((values, index) => Array.from({ length: index % 3 }, () => values).flat());
        const figure = quantileFigure(held, p)(weights);
        expect(Number.isNaN(figure) ? undefined : figure).to.equal(quantile(drawn, p));
      }),
    );
  });

  it('is the share of all trials, and none where there is no trial', () => {
    const share = shareFigure([
      { bad: 1, of: 4 },
      { bad: 3, of: 4 },
    ]);
    expect(share([1, 1])).to.equal(50);
    expect(share([3, 1])).to.equal(37.5);
    expect(share([0, 0])).to.be.NaN;
  });
});

describe('resampling', () => {
  it('gives the same for the same seed', () => {
    fc.assert(
      fc.property(blocks, fc.nat(), (held, seed) => {
        expect(permutationTest(given(held, seed))).to.equal(permutationTest(given(held, seed)));
        expect(bootstrapDifference(given(held, seed), 0.95)).to.deep.equal(
          bootstrapDifference(given(held, seed), 0.95),
        );
      }),
      { numRuns: 20 },
    );
  });

  it('does not take a drift that both sides share for a difference', () => {
    const drifting = Array.from({ length: 12 }, (_, index) => ({
      bad: 100 * Math.floor(index / 2) + (index % 2),
      of: 1_000,
    }));
    const sides = drifting.map((_, index) => ({
      candidate: index % 2 === 1,
      repetition: Math.floor(index / 2),
    }));
    const all = { places: sides, figure: shareFigure(drifting), seed: 1, rounds: 4_000 };
    // One more in each of six pairs: 2 of the 64 ways to deal them are as far off.
    expect(permutationTest(all)).to.be.closeTo(2 / 64, 0.01);
    const over = sides.map((place) => ({ ...place, repetition: 0 }));
    expect(permutationTest({ ...all, places: over })).to.be.above(0.5);
  });

  it('sees no difference where there is none to deal', () => {
    expect(permutationTest(given(Array.from({ length: 8 }, () => [5])))).to.equal(1);
    const { lower, upper } = bootstrapDifference(given(Array.from({ length: 8 }, () => [5])), 0.95);
    expect([lower, upper]).to.deep.equal([0, 0]);
  });

  it('finds one side’s figure about as uncertain as its spread over the root of its blocks', () => {
    const blocks = Array.from({ length: 100 }, (_, index) => ({ bad: index % 2 === 0 ? 10 : 30, of: 100 }));
    const { lower, upper } = bootstrap(
      { blocks: blocks.length, figure: shareFigure(blocks), seed: 1, rounds: 4_000 },
      0.95,
    );
    // 20 % ± 1.96 × 10 % / √100.
    expect(lower).to.be.closeTo(18.04, 0.3);
    expect(upper).to.be.closeTo(21.96, 0.3);
  });
});
