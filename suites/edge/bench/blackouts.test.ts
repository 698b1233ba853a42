import { expect } from 'chai';
import fc from 'fast-check';
import { compare, doubtMs, drawBlackouts, shareOut, type Truth } from './blackouts.ts';

const outage = (fromMono: number, toMono: number, ms: number) => ({
  fromMono,
  toMono,
  ms,
  open: false,
  lost: 1,
});
const truth = (cut: number, mended: number): Truth => ({
  cut: [cut - 1, cut + 1],
  mended: [mended - 2, mended + 2],
});

describe('blackouts of the bench', () => {
  it('are the same for a seed, within their limits, and spread over the orders of magnitude', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const drawn = drawBlackouts(200, [200, 15_000], seed);
        expect(drawn).to.deep.equal(drawBlackouts(200, [200, 15_000], seed));
        for (const { ms, pauseMs } of drawn) {
          expect(ms).to.be.within(200, 15_000);
          expect(pauseMs).to.be.within(1_500, 2_000);
        }
        // Half of them are below the geometric mean of the limits.
        const short = drawn.filter(({ ms }) => ms < Math.sqrt(200 * 15_000)).length;
        expect(short).to.be.within(60, 140);
      }),
      { numRuns: 25 },
    );
  });

  it('are shared out whole, and about evenly', () => {
    const drawn = drawBlackouts(100, [200, 15_000], 1);
    const lanes = shareOut(drawn, 10);
    expect(lanes.flat()).to.have.members(drawn);
    const times = lanes.map((lane) => lane.reduce((sum, { ms, pauseMs }) => sum + ms + pauseMs, 0));
    expect(Math.max(...times) - Math.min(...times)).to.be.below(2_000);
  });

  it('are compared with the outages that they overlap; the rest is missed or invented', () => {
    const truths = [truth(1_000, 2_000), truth(5_000, 5_500), truth(9_000, 9_200)];
    const outages = [outage(980, 2_030, 1_030), outage(3_000, 3_100, 100), outage(8_990, 9_210, 170)];
    expect(compare(truths, outages)).to.deep.equal({ errors: [30, -30], missed: 1, invented: 1 });
    expect(doubtMs(truth(1_000, 2_000))).to.equal(3);
  });
});
