import { expect } from 'chai';
import fc from 'fast-check';
import { openNetwork } from '../clusters/network/open.ts';
import { OrdealError } from '../harness/errors/error.ts';
import type { History } from '../harness/history/event.ts';
import { parseHistory } from '../harness/history/reader.ts';
import { Plan } from '../harness/plan/schema.ts';
import type { JudgedSuite } from '../harness/verdict/judge.ts';
import { judge } from '../harness/verdict/judge.ts';
import { Verdict } from '../harness/verdict/verdict.ts';
import { catalogueSuite } from './catalogue/suite.ts';
import { Story } from './catalogue/testing/story.ts';
import { requirements as edgeRequirements } from './edge/requirements.ts';
import { resolve } from './edge/settings.ts';
import { day } from './edge/testing/story.ts';
import { gpuSuite } from './gpu/suite.ts';
import { Written } from './gpu/testing/written.ts';

const catalogue = catalogueSuite(openNetwork);

const edge: JudgedSuite = { name: 'edge', requirements: edgeRequirements, scheduledFaults: () => [] };
const plans = {
  gpu: { suites: [gpuSuite], plan: gpuSuite.resolve(Plan.parse({ suites: [{ name: 'gpu' }] })) },
  catalogue: {
    suites: [catalogue],
    plan: catalogue.resolve(
      Plan.parse({ suites: [{ name: 'catalogue', settings: { scenarios: ['G9', 'G4'] } }] }),
    ),
  },
  edge: { suites: [edge], plan: resolve(Plan.parse({ suites: [{ name: 'edge' }] })) },
};

const gpuHistory = new Written()
  .pod('a')
  .allocate('1', ['gpu-0'], 1)
  .associate('1', 'gpu-0', 2)
  .listed(['a', 'gpu-0'])
  .pod('b', { phase: 'Failed', gone: true }).events;

const catalogueHistory = Story.of('G9').allocatable(1_050, 1_450, 0).allocatable(1_650, 3_450, 4).events;

const junk = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(null, -1, 1e308, '', '\u0000', [], {}, '__proto__', Number.MAX_SAFE_INTEGER),
);

/** One body, or a field of one, is something else. */
const broken = (history: History) =>
  fc
    .array(fc.tuple(fc.nat(history.length - 1), fc.nat(12), junk, fc.boolean()), {
      minLength: 1,
      maxLength: 8,
    })
    .map((changes) => {
      const events = structuredClone([...history]) as { body: unknown }[];
      for (const [at, field, value, whole] of changes) {
        const event = events[at] as { body: unknown };
        const body = event.body as Record<string, unknown> | null;
        const keys = Object.keys(typeof body === 'object' && body !== null ? body : {});
        const key = keys[field % Math.max(1, keys.length)];
        if (whole || key === undefined || body === null) event.body = value;
        else body[key] = value;
      }
      return events
        .map((event) => JSON.stringify(event))
        .join('\n')
        .concat('\n');
    });

/** Lines lost, doubled or torn, and what was never a history. */
const torn = (history: History) => {
  const text = history.map((event) => JSON.stringify(event)).join('\n');
  return fc
    .tuple(fc.nat(text.length), fc.nat(500), fc.string({ unit: 'binary' }))
    .map(([at, gone, put]) => text.slice(0, at) + put + text.slice(at + gone));
};

describe('a hostile history', function () {
  this.timeout(120_000);

  for (const [name, history, of] of [
    ['gpu', gpuHistory, plans.gpu],
    ['catalogue', catalogueHistory, plans.catalogue],
    ['edge', day().events.slice(0, 40), plans.edge],
  ] as const) {
    it(`of suite ${name} is refused with exit 3 and its line, or judged, and never certified`, () => {
      fc.assert(
        fc.property(fc.oneof(broken(history), torn(history)), (text) => {
          try {
            const { events, truncated } = parseHistory(text, 'events.jsonl');
            const verdict = judge({ history: events, truncated, ...of });
            expect(Verdict.parse(JSON.parse(JSON.stringify(verdict))).verdict).not.to.equal('pass');
          } catch (error) {
            expect(error, String((error as Error).stack)).to.be.instanceOf(OrdealError);
            expect(error).to.include({ code: 'HISTORY_INVALID', exit: 3 });
            expect((error as OrdealError).tried).to.match(/events\.jsonl:\d+$/);
          }
        }),
        { numRuns: 500 },
      );
    });
  }
});
