import { expect } from 'chai';
import fc from 'fast-check';
import {
  addBpfFilter,
  addClsact,
  addHtbClass,
  addQdisc,
  addU32Filter,
  type QdiscSpec,
  redirectTo,
} from './arguments.ts';

const share = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 100, noNaN: true }));
const ms = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 60_000, noNaN: true }));
const kbit = fc.double({ min: 1, max: 1e7, noNaN: true });

const netemSpec = fc.record({
  kind: fc.constant('netem' as const),
  delayMs: ms,
  jitterMs: ms,
  loss: share,
  corrupt: share,
  duplicate: share,
  reorder: share,
  rateKbit: fc.oneof(fc.constant(0), kbit),
});
const tbfSpec = fc.record({
  kind: fc.constant('tbf' as const),
  rateKbit: kbit,
  burstBytes: fc.integer({ min: 1_600, max: 100_000 }),
  latencyMs: fc.integer({ min: 1, max: 10_000 }),
});
const anySpec: fc.Arbitrary<QdiscSpec> = fc.oneof(
  netemSpec,
  tbfSpec,
  fc.record({ kind: fc.constant('htb' as const), defaultClass: fc.integer({ min: 1, max: 9 }) }),
);

describe('argument lists of tc', () => {
  it('only ever add, a word an argument, each figure in a form that tc reads', () => {
    fc.assert(
      fc.property(anySpec, fc.constantFrom('root', '4f52:2'), (spec, parent) => {
        const argv = addQdisc('n1', parent, '4f52:', spec);
        expect(argv.slice(0, 5)).to.deep.equal(['tc', 'qdisc', 'add', 'dev', 'n1']);
        for (const word of argv) {
          expect(word).to.match(/^[\w.:%-]+$/);
          expect(word).not.to.match(/^(replace|change|flush|del$|NaN|undefined|\d.*e[+-]?\d)/);
        }
      }),
    );
  });

  it('of netem name what is asked for, and nothing else', () => {
    fc.assert(
      fc.property(netemSpec, (spec) => {
        const argv = addQdisc('n1', 'root', '4f52:', spec);
        for (const word of ['loss', 'corrupt', 'duplicate', 'reorder'] as const) {
          expect(argv.includes(word), word).to.equal(spec[word] > 0);
          if (spec[word] <= 0) continue;
          const figure = argv[argv.indexOf(word) + 1] as string;
          expect(figure).to.match(/^\d+(\.\d{1,4})?%$/);
          expect(Number.parseFloat(figure)).to.be.closeTo(spec[word], 0.0001).and.above(0);
        }
        expect(argv.includes('delay')).to.equal(spec.delayMs > 0);
        expect(argv.includes('rate')).to.equal(spec.rateKbit > 0);
        if (spec.delayMs > 0) {
          const after = argv.slice(argv.indexOf('delay') + 1).filter((word) => word.endsWith('us'));
          expect(after).to.have.length(spec.jitterMs > 0 ? 2 : 1);
          expect(Number.parseInt(after[0] as string, 10) / 1_000).to.be.closeTo(spec.delayMs, 0.001);
        }
      }),
    );
  });

  it('of a class, a filter and an action are the ones that tc documents', () => {
    expect(addClsact('n0', 7).join(' ')).to.equal('tc qdisc add dev n0 ingress_block 7 clsact');
    expect(addHtbClass('n1', '4f52:', '4f52:2').join(' ')).to.equal(
      'tc class add dev n1 parent 4f52: classid 4f52:2 htb rate 10gbit quantum 60000',
    );
    expect(
      addU32Filter({ block: 7 }, 5, { udpTo: 51_820, byte: { at: 28, value: 1 } }, redirectTo('t0', 9)).join(
        ' ',
      ),
    ).to.equal(
      'tc filter add block 7 protocol ip pref 5 u32 match ip protocol 17 0xff match ip dport 51820 0xffff ' +
        'match u8 1 0xff at 28 action mirred egress redirect dev t0 index 9',
    );
    expect(addU32Filter({ device: 'n1', parent: '4f52:' }, 5, {}, ['flowid', '4f52:2']).join(' ')).to.equal(
      'tc filter add dev n1 parent 4f52: protocol ip pref 5 u32 match u32 0 0 flowid 4f52:2',
    );
    expect(addBpfFilter({ block: 7 }, 5, '1,6 0 0 2').at(-1)).to.equal('1,6 0 0 2');
  });
});
