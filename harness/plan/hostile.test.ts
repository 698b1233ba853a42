import { expect } from 'chai';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { OrdealError } from '../errors/error.ts';
import { parsePlan } from './load.ts';
import { Plan } from './schema.ts';

/** A plan as it was resolved, so that there is something everywhere to break. */
const SOUND = stringify(Plan.parse({ cluster: { provider: 'kind', workers: 2 }, level: 'release' }));

const nested = fc
  .tuple(fc.constantFrom('[', '{a: ', '- ', '? ', '&a [*a, '), fc.integer({ min: 1, max: 20_000 }))
  .map(([open, times]) => open.repeat(times));

/** Each level names the one before nine times over. */
const bomb = fc.integer({ min: 2, max: 12 }).map((depth) =>
  Array.from({ length: depth }, (_, level) => {
    const inner = level === 0 ? '1' : Array.from({ length: 9 }, () => `*l${level - 1}`).join(', ');
    return `l${level}: &l${level} [${inner}]`;
  }).join('\n'),
);

const spliced = fc
  .tuple(fc.nat(SOUND.length), fc.nat(40), fc.string({ unit: 'binary' }))
  .map(([at, gone, put]) => SOUND.slice(0, at) + put + SOUND.slice(at + gone));

const hostile = fc.oneof(
  spliced,
  nested,
  bomb,
  fc.string({ unit: 'binary' }),
  fc.object({ withNullPrototype: true, withBigInt: false }).map((value) => JSON.stringify(value)),
  fc.constantFrom(
    '<<: *none',
    '__proto__: {polluted: 1}',
    '!!js/function "x"',
    '!!binary "%"',
    '\0',
    '%YAML 9.9\n---\n',
  ),
);

const step = fc.oneof(
  fc.constantFrom(
    ...Object.keys(Plan.parse({})),
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    '0',
    '-1',
  ),
  fc.stringMatching(/^[\w-]{1,8}$/),
);
const override = fc.oneof(
  fc
    .tuple(
      fc.array(step, { minLength: 1, maxLength: 4 }),
      fc.oneof(fc.string(), nested, fc.constantFrom('[', '{', '*a')),
    )
    .map(([steps, value]) => `${steps.join('.')}=${value}`),
  fc.string(),
);

describe('a hostile plan', function () {
  this.timeout(120_000);

  it('is a plan, or refused with exit 3 and a path each; nothing else is touched', () => {
    const clean = Object.getOwnPropertyNames(Object.prototype).join();
    fc.assert(
      fc.property(hostile, fc.array(override, { maxLength: 2 }), (text, overrides) => {
        try {
          const plan = parsePlan(text, 'reading the plan', overrides);
          expect(Plan.safeParse(plan).success).to.equal(true);
        } catch (error) {
          expect(error, String(error)).to.be.instanceOf(OrdealError);
          expect(error).to.include({ code: 'PLAN_INVALID', exit: 3 });
          const { seen } = error as OrdealError;
          for (const line of seen.split('\n  ')) expect(line).to.match(/^\P{Cc}+: \P{Cc}+$/u);
        }
        expect(Object.getOwnPropertyNames(Object.prototype).join()).to.equal(clean);
      }),
      { numRuns: 1_000 },
    );
  });
});
