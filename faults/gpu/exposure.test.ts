import { expect } from 'chai';
import fc from 'fast-check';
import type { HistoryEvent } from '../../harness/history/event.ts';
import { exposure } from './exposure.ts';

/** Allocate calls at these times on one node, each with one association of so long a service. */
function history(arrivals: readonly number[], serviceMs: number, injectedMs: number): HistoryEvent[] {
  return arrivals
    .flatMap((mono, index) => {
      const allocation = `a${index}`;
      return [
        { type: 'ledger.plugin.allocate', body: { allocation, mono } },
        { type: 'ledger.driver.associated', body: { allocation, serviceMs, injectedMs } },
      ];
    })
    .map((event, seq) => ({ seq, mono: seq, wall: seq, source: 'node/w1', ...event }));
}

const nodes = new Set(['node/w1']);

describe('exposure to a bind delay', () => {
  it('is the incident’s: three at once are bound in time, the fifth and sixth are not', () => {
    expect(exposure(history([0, 0, 0], 250, 50), 1_000, nodes).exposed).to.equal(0);
    expect(exposure(history([0, 0, 0, 0, 0, 0], 250, 50), 1_000, nodes)).to.deep.equal({
      delayed: 6,
      exposed: 2,
      slowestMs: 1_500,
    });
  });

  it('is nothing where no delay was injected, on another node, or while nothing queues', () => {
    expect(exposure(history([0, 0, 0, 0, 0, 0], 250, 0), 1_000, nodes).exposed).to.equal(0);
    expect(exposure(history([0, 0, 0, 0, 0, 0], 250, 50), 1_000, new Set(['node/w2'])).delayed).to.equal(0);
    expect(exposure(history([0, 1_000, 2_000], 250, 50), 1_000, nodes).exposed).to.equal(0);
  });

  it('never falls when associations take longer or containers start sooner', () => {
    const arrivals = fc.array(fc.nat(5_000), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(
        arrivals,
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 100, max: 3_000 }),
        fc.nat(500),
        (at, service, start, more) => {
          const base = exposure(history(at, service, 1), start, nodes).exposed;
          expect(exposure(history(at, service + more, 1), start, nodes).exposed).to.be.at.least(base);
          expect(exposure(history(at, service, 1), start + more, nodes).exposed).to.be.at.most(base);
        },
      ),
    );
  });
});
