import { expect } from 'chai';
import fc from 'fast-check';
import { outagesOf, timelines } from './connectivity.ts';
import { DAY_MS, day, INTERVAL_MS, type Span } from './testing/story.ts';

/** Blackouts apart by at least a second. */
const blackouts = fc
  .array(fc.tuple(fc.integer({ min: 1_000, max: 4_000 }), fc.integer({ min: 200, max: 6_000 })), {
    maxLength: 6,
  })
  .map((steps) => {
    let at = 3_000;
    return steps.map(([pause, ms]): Span => {
      const from = at + pause;
      at = from + ms;
      return [from, at];
    });
  })
  .filter((spans) => (spans.at(-1)?.[1] ?? 0) < DAY_MS - 2_000);

describe('measuring disconnects', () => {
  it('finds each blackout once, and is off by a sampling interval at the most', () => {
    fc.assert(
      fc.property(blackouts, (spans) => {
        const way = timelines(day({ tunnelDead: spans }).events).find(
          ({ node, path }) => node === 'a' && path === 'tunnel',
        );
        expect(way?.outages).to.have.length(spans.length);
        for (const [at, [from, to]] of spans.entries()) {
          const outage = way?.outages[at];
          expect(Math.abs((outage?.ms ?? 0) - (to - from))).to.be.at.most(INTERVAL_MS);
          // Back on the history's clock it lies where it happened.
          const start = (outage?.fromMono ?? 0) + (way?.toHistoryMs ?? 0);
          expect(start).to.be.within(from - INTERVAL_MS - 2, from + 2);
        }
        expect(way?.doubts).to.deep.equal([]);
      }),
      { numRuns: 25 },
    );
  });

  it('gives the same, however finely the runs were cut', () => {
    const run = (ok: boolean, fromSeq: number, toSeq: number) => ({
      ok,
      fromSeq,
      toSeq,
      fromMono: fromSeq * 50,
      toMono: toSeq * 50,
    });
    const whole = [run(true, 0, 9), run(false, 10, 29), run(true, 30, 39)];
    const cut = whole.flatMap(({ ok, fromSeq, toSeq }) =>
      Array.from({ length: toSeq - fromSeq + 1 }, (_, at) => run(ok, fromSeq + at, fromSeq + at)),
    );
    const expected = [{ fromMono: 450, toMono: 1_500, ms: 1_000, open: false, lost: 20 }];
    expect(outagesOf(whole, 50)).to.deep.equal(expected);
    expect(outagesOf(cut, 50)).to.deep.equal(expected);
  });

  it('takes one answer among lost ones for chance, and two in a row for the end', () => {
    const runs = (answered: number) => [
      { ok: true, fromSeq: 0, toSeq: 9, fromMono: 0, toMono: 450 },
      { ok: false, fromSeq: 10, toSeq: 19, fromMono: 500, toMono: 950 },
      ...Array.from({ length: answered }, (_, at) => {
        const seq = 20 + at;
        return { ok: true, fromSeq: seq, toSeq: seq, fromMono: seq * 50, toMono: seq * 50 };
      }),
      { ok: false, fromSeq: 30, toSeq: 39, fromMono: 1_500, toMono: 1_950 },
      { ok: true, fromSeq: 40, toSeq: 41, fromMono: 2_000, toMono: 2_050 },
    ];
    const outage = { open: false, lost: 10 };
    expect(outagesOf(runs(1), 50)).to.deep.equal([
      { open: false, fromMono: 450, toMono: 2_000, ms: 1_500, lost: 20 },
    ]);
    expect(outagesOf(runs(2), 50)).to.deep.equal([
      { ...outage, fromMono: 450, toMono: 1_000, ms: 500 },
      { ...outage, fromMono: 1_050, toMono: 2_000, ms: 900 },
    ]);
    // At the end of the record one answer leaves it open.
    expect(outagesOf(runs(1).slice(0, 3), 50)).to.deep.equal([
      { open: true, fromMono: 450, toMono: 1_000, ms: 550, lost: 10 },
    ]);
  });

  it('counts the time in which nobody looked as part of the disconnect that it borders on', () => {
    const runs = [
      { ok: true, fromSeq: 0, toSeq: 9, fromMono: 0, toMono: 450 },
      { ok: false, fromSeq: 10, toSeq: 10, fromMono: 500, toMono: 500 },
      { ok: true, fromSeq: 11, toSeq: 20, fromMono: 3_500, toMono: 3_950 },
    ];
    expect(outagesOf(runs, 50)[0]?.ms).to.equal(3_000);
  });
});
