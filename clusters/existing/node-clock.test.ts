import { expect } from 'chai';
import fc from 'fast-check';
import { offsetOf } from './node-clock.ts';

const ms = (max: number) => fc.nat(max);

describe('the offset of a node’s clock', () => {
  it('is within its bounds, whichever way took longer, and each trip narrows them', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -100_000, max: 100_000 }),
        fc.array(fc.tuple(ms(1_000_000), ms(500), ms(500)), { minLength: 1, maxLength: 12 }),
        (offset, trips) => {
          const all = trips.map(([sent, there, back]) => ({
            sent,
            told: sent + there + offset,
            received: sent + there + back,
          }));
          const { fromMs, toMs } = offsetOf(all) ?? { fromMs: Number.NaN, toMs: Number.NaN };
          expect(fromMs).to.be.at.most(offset);
          expect(toMs).to.be.at.least(offset);
          const shortest = Math.min(...trips.map(([, there, back]) => there + back));
          expect(toMs - fromMs).to.be.at.most(shortest);
        },
      ),
    );
  });

  it('is not known where no trip was made, or the clock was set between two', () => {
    expect(offsetOf([])).to.equal(undefined);
    const before = { sent: 0, told: 5, received: 10 };
    const after = { sent: 20, told: 1_025, received: 30 };
    expect(offsetOf([before, after])).to.equal(undefined);
    expect(offsetOf([before])).to.deep.equal({ fromMs: -5, toMs: 5 });
  });
});
