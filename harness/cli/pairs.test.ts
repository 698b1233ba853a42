import { expect } from 'chai';
import fc from 'fast-check';
import { interval, rateDifference } from '../verdict/bounds.ts';
import { binomial, shareOf } from '../verdict/testing/simulation.ts';
import { type Counted, pairTable, worthOf } from './pairs.ts';

const counted = (failures: number, ...remedies: string[]): Counted => ({
  ...{ title: remedies.join(', ') || 'none', remedies, failures, samples: 56 },
});

const ALL = [
  counted(21),
  counted(0, 'pool'),
  counted(20, 'quota'),
  counted(19, 'cap'),
  counted(52, 'gate'),
  counted(0, 'pool', 'quota'),
  counted(0, 'pool', 'cap'),
  counted(0, 'pool', 'gate'),
  counted(18, 'quota', 'cap'),
  counted(1, 'quota', 'gate'),
  counted(50, 'cap', 'gate'),
];

describe('pairs of remedies', () => {
  it('say which carries the result, which adds to another, which harms, and which is idle', () => {
    const [pool, quota, cap, gate] = worthOf(ALL);
    expect(pool).to.match(
      /^- pool: carries the result alone: 38 \(16 to 53\) points; adds to quota: 36 .*; adds to cap/,
    );
    expect(quota).to.match(/^- quota: adds to gate: 91/);
    expect(cap).to.match(/^- cap: idle as far as was seen; alone at most \d+ points$/);
    expect(gate).to.match(/^- gate: does harm alone: -55 .*; adds to quota: 34 .*; takes from cap: -55/);
  });

  it('stand in a table with the falls, the better of the two alone beside', () => {
    const rows = pairTable(ALL, 'false allocations').split('\n');
    expect(rows).to.have.length(ALL.length + 2);
    expect(rows[2]).to.equal('| none | 21 of 56 | – | – |');
    expect(rows[3]).to.match(/^\| pool \| 0 of 56 \| 38 \(16 to 53\) \| – \|$/);
    expect(rows[7]).to.match(/^\| pool, quota \| 0 of 56 \| 38 \(16 to 53\) \| 0 \(-\d+ to \d+\) \|$/);
  });

  it('claim nothing of a variant that counted nothing', () => {
    const none = { ...counted(0), samples: 0 };
    expect(worthOf([none, counted(0, 'pool')])).to.deep.equal(['- pool: idle as far as was seen']);
    expect(pairTable([none, counted(0, 'pool')], 'x')).to.contain('| none | – | – | – |');
  });
});

describe('the interval of a difference of rates', () => {
  it('is no narrower than what it is made of, and has the seen one in it', () => {
    const counts = fc
      .integer({ min: 1, max: 200 })
      .chain((samples) =>
        fc.record({ failures: fc.integer({ min: 0, max: samples }), samples: fc.constant(samples) }),
      );
    fc.assert(
      fc.property(counts, counts, (base, other) => {
        const { lower, seen, upper } = rateDifference(base, other, 0.95);
        expect(lower).to.be.at.most(seen);
        expect(upper).to.be.at.least(seen);
        const alone = interval(base.failures, base.samples, 0.95);
        expect(upper - lower).to.be.at.least(alone.upper - alone.lower);
      }),
    );
  });

  it('covers the true difference at least as often as it says', () => {
    for (const [base, other] of [
      [0.3, 0],
      [0.3, 0.3],
      [0.3, 0.05],
      [0.02, 0.01],
    ] as const) {
      const share = shareOf(1_000, 5, (next) => {
        const from = { failures: binomial(next, 56, base), samples: 56 };
        const to = { failures: other === 0 ? 0 : binomial(next, 56, other), samples: 56 };
        const { lower, upper } = rateDifference(from, to, 0.95);
        return lower <= base - other && base - other <= upper;
      });
      expect(share, `${base} ${other}`).to.be.at.least(0.95);
    }
  });
});
