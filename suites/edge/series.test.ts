import { expect } from 'chai';
import fc from 'fast-check';
import type { Series } from '../../harness/comparison/series.ts';
import { Plan } from '../../harness/plan/schema.ts';
import { requirements } from './requirements.ts';
import { series } from './series.ts';
import { resolve } from './settings.ts';
import { day, type Span } from './testing/story.ts';

const plan = resolve(Plan.parse({ suites: [{ name: 'edge' }], level: 'smoke' }));

/** The figure that one run's samples give. */
function figureOf(one: Series): number {
  if (one.kind === 'events') return one.events / one.exposure;
  if (one.kind === 'values') return Math.max(0, ...one.blocks.flat());
  const bad = one.blocks.reduce((sum, block) => sum + block.bad, 0);
  return (100 * bad) / one.blocks.reduce((sum, block) => sum + block.of, 0);
}

/** Cuts of a tunnel or a host, apart from each other; some are too short to count. */
const cuts = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 4_000 }), fc.integer({ min: 100, max: 14_000 })), {
    maxLength: 3,
  })
  .map((gaps) => {
    const spans: Span[] = [];
    let at = 5_000;
    for (const [gap, length] of gaps) {
      spans.push([at + gap, at + gap + length]);
      at += gap + length + 1_000;
    }
    return spans.filter(([, to]) => to < 56_000);
  });

describe('what lies behind the figures of the suite edge', () => {
  it('adds up to what its checkers measured, whatever was cut and lost', () => {
    fc.assert(
      fc.property(cuts, cuts, fc.nat(99), (tunnelDead, hostDead, lost) => {
        const story = day({ tunnelDead, hostDead });
        for (const [publisher, missing] of [
          ['a', lost],
          ['b', 0],
        ] as const)
          story.published(publisher, { attempted: [[0, 999]] }, { received: [[missing, 999]] });
        const history = story.events;
        const measured = Object.fromEntries(
          requirements(plan).map(({ check, id }) => [id, check(history).measured]),
        );
        for (const one of series(history, plan)) {
          const { requirement } = one;
          if (['EDGE-1', 'EDGE-2', 'EDGE-5', 'EDGE-6'].includes(requirement))
            expect(figureOf(one), requirement).to.be.closeTo(measured[requirement] ?? Number.NaN, 1e-6);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('has a block for each link, and none where nothing was seen', () => {
    const [disconnect] = series(day({ tunnelDead: [[20_000, 32_000]] }).events, plan);
    expect(disconnect).to.include({ requirement: 'EDGE-1', kind: 'values' });
    expect(disconnect?.kind === 'values' && disconnect.blocks).to.have.length(2);
    expect(series([], plan).every((one) => one.kind === 'events' || one.blocks.length === 0)).to.equal(true);
  });
});
