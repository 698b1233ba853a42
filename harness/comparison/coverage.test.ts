import { expect } from 'chai';
import { type Chance, exponential, poisson, shareOf, slackOf } from '../verdict/testing/simulation.ts';
import { type Measured, measure } from './compare-figure.ts';
import { type Counted, eventRateDifference, holm, type Interval, sameEventRate } from './exact.ts';
import type { Series } from './series.ts';

const CONFIDENCE = 0.95;
const ALPHA = 1 - CONFIDENCE;
/** Of the standard normal distribution, at 97.5 %. */
const Z = 1.959964;
const ROUNDS = 2_000;
/** Each of them resamples some hundred times. */
const RESAMPLED = 250;

const most = (rounds: number) => ALPHA + slackOf(ALPHA, rounds);
const misses = ({ lower, upper }: Interval, truth: number) => lower > truth || upper < truth;

/** Values that have the luck of their block in common, for the most. */
const block = (next: Chance, size: number): number[] => {
  const luck = 100 * exponential(next);
  return Array.from({ length: size }, () => 200 + luck + 10 * exponential(next));
};

/** Two sides that are alike; `apart`: as if each value were a block of its own. */
function alike(next: Chance, blocks: number, { apart }: { apart: boolean }): Measured {
  const side = (): Series => {
    const drawn = Array.from({ length: blocks }, () => block(next, 4));
    const told = apart ? drawn.flat().map((value) => [value]) : drawn;
    const about = { requirement: 'GPU-4', name: 'p50', unit: 'ms', margin: 1 } as const;
    return { ...about, kind: 'values', quantile: 0.5, blocks: told };
  };
  const settings = { confidence: CONFIDENCE, seed: Math.floor(1e9 * next()), rounds: 199, margin: undefined };
  return measure([side()], [side()], settings);
}

describe('the coverage of a comparison, simulated', function () {
  this.timeout(60_000);

  it('is what the interval of a difference of rates of events says, and is not that of their normal approximation', () => {
    const draw = (next: Chance, mean: number): [Counted, Counted] => [
      { events: poisson(next, mean), exposure: 1 },
      // The longer it was watched the more its rate is a known one.
      { events: poisson(next, 30 * mean), exposure: 30 },
    ];
    const normal = ([a, b]: [Counted, Counted]): Interval => {
      const difference = b.events / b.exposure - a.events / a.exposure;
      const half = Z * Math.sqrt(b.events / b.exposure ** 2 + a.events / a.exposure ** 2);
      return { lower: difference - half, upper: difference + half };
    };
    for (const mean of [0.3, 1, 8]) {
      const exact = shareOf(ROUNDS, 1, (next) =>
        misses(eventRateDifference(...draw(next, mean), CONFIDENCE), 0),
      );
      expect(exact).to.be.at.most(most(ROUNDS));
      const same = shareOf(ROUNDS, 2, (next) => sameEventRate(...draw(next, mean)) <= ALPHA);
      expect(same).to.be.at.most(most(ROUNDS));
    }
    expect(shareOf(ROUNDS, 3, (next) => misses(normal(draw(next, 1)), 0))).to.be.above(most(ROUNDS));
  });

  it('is what a permutation test of blocks says, at the fewest too, and is not that of their values', () => {
    const alarms = (blocks: number, apart: boolean) =>
      shareOf(RESAMPLED, blocks, (next) => (alike(next, blocks, { apart }).pValue ?? 1) <= ALPHA);
    for (const blocks of [6, 12]) expect(alarms(blocks, false), `${blocks}`).to.be.at.most(most(RESAMPLED));
    expect(alarms(6, true)).to.be.above(most(RESAMPLED));
  });

  it('is what a bootstrap of blocks says, at the fewest too, and is far from that of their values', () => {
    const missed = (blocks: number, apart: boolean) =>
      shareOf(RESAMPLED, blocks, (next) => misses(alike(next, blocks, { apart }).interval as Interval, 0));
    for (const blocks of [6, 12]) expect(missed(blocks, false), `${blocks}`).to.be.at.most(most(RESAMPLED));
    expect(missed(6, true)).to.be.above(3 * ALPHA);
  });

  it('is what Holm’s correction says of any false alarm among figures that have to do with each other, and is not without it', () => {
    const figures = (next: Chance) => {
      const common = next();
      return Array.from({ length: 8 }, (_, index) => (index < 3 ? common : next()));
    };
    const alarm = (adjust: (p: readonly number[]) => readonly number[]) =>
      shareOf(ROUNDS, 5, (next) => adjust(figures(next)).some((p) => p <= ALPHA));
    expect(alarm(holm)).to.be.at.most(most(ROUNDS));
    expect(alarm((p) => p)).to.be.above(4 * ALPHA);
    // A difference that is there takes nothing from the others.
    const beside = shareOf(ROUNDS, 6, (next) =>
      holm([0, ...figures(next)])
        .slice(1)
        .some((p) => p <= ALPHA),
    );
    expect(beside).to.be.at.most(most(ROUNDS));
  });
});
