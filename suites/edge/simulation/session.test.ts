import { expect } from 'chai';
import fc from 'fast-check';
import type { Span } from './link.ts';
import { Parameters } from './parameters.ts';
import { accountOf, measuredBy } from './publisher.ts';
import { stallsOf } from './session.ts';

const DAY_MS = 86_400_000;
const field = Parameters.parse({});
/** A client as the suite's own runs have it. */
const quick = Parameters.parse({ mqtt: { keepalive: 2_000, connectTimeout: 2_000, reconnect: 500 } });

/** Outages in their order, without overlap. */
const someOutages = fc
  .array(
    fc.record({ after: fc.integer({ min: 1, max: 300_000 }), lasts: fc.integer({ min: 1, max: 300_000 }) }),
    { maxLength: 20 },
  )
  .map((gaps) => {
    let at = 0;
    return gaps.map(({ after, lasts }): Span => {
      const fromMs = at + after;
      at = fromMs + lasts;
      return { fromMs, toMs: at };
    });
  });

describe('a simulated MQTT session', () => {
  it('goes on with TCP’s next retransmission, at doubling intervals', () => {
    // After 280, 840, 1,960, 4,200, 8,680 and 17,640 ms; the acknowledgement takes a round trip.
    expect(stallsOf([{ fromMs: 0, toMs: 10_000 }], field, DAY_MS)).to.deep.equal([
      { fromMs: 0, toMs: 17_720, closedMs: undefined },
    ]);
  });

  it('is given up after 1.5 keepalives and made anew', () => {
    // Given up at 3 s; connects at 3.5, 4.5; 6, 7; 8.5, 9.5; 11 s.
    expect(stallsOf([{ fromMs: 0, toMs: 10_000 }], quick, DAY_MS)).to.deep.equal([
      { fromMs: 0, toMs: 11_160, closedMs: 3_000 },
    ]);
  });

  it('stalls where an outage begins, and until that is over', () => {
    fc.assert(
      fc.property(someOutages, fc.constantFrom(field, quick), (outages, parameters) => {
        const stalls = stallsOf(outages, parameters, DAY_MS);
        for (const { fromMs } of outages)
          expect(stalls.some((stall) => stall.fromMs <= fromMs && fromMs < stall.toMs)).to.equal(true);
        for (const [index, stall] of stalls.entries()) {
          expect(outages.some(({ fromMs }) => fromMs === stall.fromMs)).to.equal(true);
          expect(stall.fromMs).to.be.at.least(stalls[index - 1]?.toMs ?? 0);
          expect(outages.some(({ fromMs, toMs }) => fromMs <= stall.fromMs && stall.toMs < toMs)).to.equal(
            false,
          );
        }
      }),
    );
  });
});

describe('a simulated publisher', () => {
  const stall = { fromMs: 0, toMs: 17_720, closedMs: undefined };

  it('loses what is neither in flight nor fits into its store', () => {
    expect(accountOf(stall, field, 0, DAY_MS)).to.deep.equal({
      published: 178,
      lost: 158,
      delivered: 20,
      stored: 0,
    });
    expect(accountOf(stall, field, 100, DAY_MS)).to.deep.equal({
      published: 178,
      lost: 58,
      delivered: 120,
      stored: 0,
    });
    expect(accountOf(stall, field, 10_000, DAY_MS)).to.deep.equal({
      published: 178,
      lost: 0,
      delivered: 178,
      stored: 0,
    });
  });

  it('still has what it kept when the time is over', () => {
    const open = { fromMs: DAY_MS - 10_000, toMs: Number.POSITIVE_INFINITY, closedMs: undefined };
    expect(accountOf(open, field, 50, DAY_MS)).to.deep.equal({
      published: 100,
      lost: 30,
      delivered: 0,
      stored: 70,
    });
  });

  it('measures in its shifts alone', () => {
    const shifts = Parameters.parse({ shiftHours: 8, mqtt: { rate: 1 } });
    const hour = 3_600;
    expect([4, 8, 20, 24, 25].map((hours) => measuredBy(hours * hour * 1_000, shifts))).to.deep.equal([
      4 * hour,
      8 * hour,
      8 * hour,
      8 * hour,
      9 * hour,
    ]);
  });

  it('accounts for everything that it published', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: DAY_MS }),
        fc.integer({ min: 0, max: 10_000_000 }),
        fc.option(fc.integer({ min: 0, max: 10_000_000 }), { nil: undefined }),
        fc.nat(20_000),
        fc.boolean(),
        (fromMs, lasts, closes, store, open) => {
          const toMs = open ? Number.POSITIVE_INFINITY : Math.min(DAY_MS, fromMs + lasts);
          const closedMs = closes === undefined ? undefined : Math.min(toMs, fromMs + closes);
          const { delivered, lost, published, stored } = accountOf(
            { fromMs, toMs, closedMs },
            field,
            store,
            DAY_MS,
          );
          expect(delivered + lost + stored).to.equal(published);
          expect(Math.min(delivered, lost, stored)).to.be.at.least(0);
          expect(delivered + stored).to.be.at.most(field.mqtt.inFlight + store);
        },
      ),
    );
  });
});
