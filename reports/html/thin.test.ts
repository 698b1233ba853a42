import { expect } from 'chai';
import fc from 'fast-check';
import type { Point, Span } from '../../harness/history/timeline.ts';
import { faultHistory } from '../testing/history.ts';
import { engineLanes, faultWindows } from './engine-lanes.ts';
import { bars, COLUMNS, thinned, ticks } from './thin.ts';

const END = 100_000;
const xOf = (at: number) => (at / END) * COLUMNS;
const span: fc.Arbitrary<Span> = fc
  .tuple(fc.nat(END), fc.nat(5_000), fc.constantFrom('good', 'bad', 'waiting', 'held', 'neutral'))
  .map(([from, length, tone]) => ({ from, to: Math.min(END, from + length), tone, label: 'l' }));

describe('bars', () => {
  it('cover every span, are never too narrow to see, and never overlap another of their tone', () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 200 }), (spans) => {
        const drawn = bars(spans, xOf);
        expect(drawn.reduce((sum, { count }) => sum + count, 0)).to.equal(spans.length);
        for (const { from, to, tone } of spans) {
          const over = drawn.find(
            (bar) => bar.tone === tone && bar.x <= xOf(from) + 1e-9 && bar.x + bar.width >= xOf(to) - 1e-9,
          );
          expect(over).not.to.equal(undefined);
        }
        for (const tone of ['good', 'bad'] as const) {
          const own = drawn.filter((bar) => bar.tone === tone);
          for (const [index, bar] of own.entries()) {
            expect(bar.width).to.be.at.least(1 - 1e-9);
            const next = own[index + 1];
            if (next) expect(next.x).to.be.at.least(bar.x + bar.width + 1 - 1e-9);
          }
        }
      }),
    );
  });

  it('have what is bad last, over all the rest', () => {
    const tones = bars(
      (['bad', 'good', 'held'] as const).map((tone) => ({ from: 0, to: 9, tone, label: '' })),
      xOf,
    ).map(({ tone }) => tone);
    expect(tones).to.deep.equal(['good', 'held', 'bad']);
  });
});

describe('ticks', () => {
  it('count every mark, one a column', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(END)), (times) => {
        const drawn = ticks(
          times.map((at) => ({ at, label: 'm' })),
          xOf,
        );
        expect(drawn.reduce((sum, { count }) => sum + count, 0)).to.equal(times.length);
        expect(new Set(drawn.map(({ x }) => x)).size).to.equal(drawn.length);
      }),
    );
  });
});

describe('thinned', () => {
  it('loses no peak, no end and no gap, and has five points a column at most', () => {
    const value = fc.option(fc.nat(1_000), { freq: 20 });
    const points = fc
      .array(fc.tuple(fc.nat(END), value), { minLength: 1, maxLength: 3_000 })
      .map((all) => all.sort(([a], [b]) => a - b) as Point[]);
    fc.assert(
      fc.property(points, (all) => {
        const kept = thinned(all, xOf);
        expect(kept.length).to.be.at.most((COLUMNS + 1) * 5);
        for (const part of [all, kept]) expect([part[0], part.at(-1)]).to.deep.equal([all[0], all.at(-1)]);
        const values = (of: readonly Point[]) => of.flatMap(([, seen]) => seen ?? []);
        for (const extreme of [Math.min, Math.max])
          expect(extreme(...values(kept))).to.equal(extreme(...values(all)));
        expect(kept.some(([, seen]) => seen === null)).to.equal(all.some(([, seen]) => seen === null));
      }),
      { numRuns: 50 },
    );
  });
});

describe('the engine’s lanes', () => {
  it('show a fault injected, bitten, held and healed', () => {
    const [faults, phases] = engineLanes(faultHistory());
    expect(faults?.lanes[0]).to.deep.include({ title: 'bind-delay-1' });
    const track = faults?.lanes[0]?.tracks[0];
    expect(
      track?.kind === 'spans' && track.spans.map(({ from, to, tone }) => [from, to, tone]),
    ).to.deep.equal([
      [1_000, 1_500, 'waiting'],
      [1_500, 2_000, 'waiting'],
      [2_000, 8_000, 'held'],
      [8_000, 9_000, 'neutral'],
    ]);
    expect(phases?.lanes[0]?.tracks.map(({ name }) => name)).to.deep.equal(['burst']);
    expect(faultWindows(faultHistory())).to.deep.equal([{ fault: 'bind-delay-1', from: 1_000, to: 9_000 }]);
  });

  it('show one that was never seen to be gone as bad, to the end', () => {
    const track = engineLanes(faultHistory('f', false))[0]?.lanes[0]?.tracks[0];
    expect(track?.kind === 'spans' && track.spans.at(-1)).to.deep.include({
      from: 8_000,
      to: 10_000,
      tone: 'bad',
    });
    expect(faultWindows(faultHistory('f', false))[0]?.to).to.equal(10_000);
  });
});
