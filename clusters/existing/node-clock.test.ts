import { expect } from 'chai';
import fc from 'fast-check';
import { offsetOf, oneByOne } from './node-clock.ts';

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

describe('the clocks of a thousand nodes', () => {
  const nodes = Array.from({ length: 1_000 }, (_, index) => ({ node: `n${index}` }));
  /** Of nodes that take so long to say nothing. */
  const asked = async (eachMs: number, signal = new AbortController().signal) => {
    let now = 0;
    const clock = { wall: () => now, mono: () => now, sleep: async () => undefined };
    const ask = async ({ node }: { node: string }) => {
      now += eachMs;
      return { node, unseen: 'nothing' };
    };
    return { clocks: await oneByOne(nodes, ask, { clock, signal }), now };
  };

  it('are all asked where they answer soon, and for a minute where they do not', async () => {
    const soon = await asked(37);
    expect(soon.clocks.filter((clock) => 'unseen' in clock && clock.unseen === 'nothing')).to.have.length(
      1_000,
    );
    const late = await asked(15_000);
    expect(late.now).to.equal(60_000);
    expect(late.clocks).to.have.length(1_000);
    expect(late.clocks.at(-1)).to.deep.equal({
      node: 'n999',
      unseen: 'it was not asked: the nodes before it took 60 s',
    });
  });

  it('are not waited for by who interrupts the run', async () => {
    const refused = await asked(15_000, AbortSignal.abort(new Error('SIGINT'))).catch(
      (error: Error) => error,
    );
    expect((refused as Error).message).to.equal('SIGINT');
  });
});
