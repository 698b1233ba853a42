import { expect } from 'chai';
import fc from 'fast-check';
import { Gauge, Registry } from 'prom-client';
import { parseExposition } from './exposition.ts';

const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,12}$/);
const labels = fc.dictionary(name, fc.string({ unit: 'grapheme-composite', maxLength: 12 }), { maxKeys: 5 });
const value = fc.oneof(fc.double(), fc.constantFrom(0, -1, 1e21, 5e-324, Number.NaN, 1 / 0, -1 / 0));

describe('the Prometheus text format', () => {
  it('is read as another’s writer has written it', async () => {
    await fc.assert(
      fc.asyncProperty(name, labels, value, async (metric, own, of) => {
        const registers = [new Registry()];
        new Gauge({ name: metric, help: 'one\\two', labelNames: Object.keys(own), registers }).set(own, of);
        const text = await (registers[0] as Registry).metrics();
        expect(parseExposition(text)).to.deep.equal([
          { name: metric, labels: own, value: of === 0 ? 0 : of },
        ]);
      }),
      { numRuns: 300 },
    );
  });

  it('is read with what it allows besides: comments, blanks, a last comma, a timestamp', () => {
    const text =
      '# HELP a b\n\n# any\n a { x = "1" , } +Inf -7 \n\tb\t-.5e-3\nc{}3.\nd{y="\\\\\\n\\""} NaN 1\n';
    expect(parseExposition(text)).to.deep.equal([
      { name: 'a', labels: { x: '1' }, value: Number.POSITIVE_INFINITY },
      { name: 'b', labels: {}, value: -0.0005 },
      { name: 'c', labels: {}, value: 3 },
      { name: 'd', labels: { y: '\\\n"' }, value: Number.NaN },
    ]);
  });

  it('that is cut off anywhere but between its lines is refused', () => {
    const text = 'DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-1",pod="p"} 17\nx 1\n';
    for (let end = 1; end < text.length; end++) {
      const cut = text.slice(0, end);
      if (cut.endsWith('\n')) expect(parseExposition(cut)).to.have.length(1);
      else expect(() => parseExposition(cut), cut).to.throw(/line/);
    }
  });

  it('that is another’s, or garbled, is refused by its line', () => {
    for (const line of [
      '<html>',
      'a{x="1" y="2"} 1',
      'a{x="1"',
      'a{x="1",x="2"} 1',
      'a{x="\\t"} 1',
      'a{x=1} 1',
      'a{,} 1',
      'a 1 2 3',
      'a1',
      'a one',
      'a 0x10',
      '1a 1',
      'a{x:y="1"} 1',
    ])
      expect(() => parseExposition(`ok 1\n${line}\n`), line).to.throw('line 2 is no sample');
  });

  it('of any text is read or refused, and in no time', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'a{}"\\=, 1.\n#e+'), maxLength: 400 }), (text) => {
        try {
          parseExposition(text);
        } catch (error) {
          expect((error as Error).message).to.match(
            /^(it does not end with a line feed|line \d+ is no sample)/,
          );
        }
      }),
      { numRuns: 500 },
    );
  });
});
