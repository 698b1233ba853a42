import { expect } from 'chai';
import fc from 'fast-check';
import { parse } from 'parse5';
import type { ControlPlace } from '../../harness/run/ports.ts';
import { hostileText, requirement, verdictOf } from '../../harness/verdict/testing/sample.ts';
import type { Outcome, Profile, Verdict } from '../../harness/verdict/verdict.ts';
import { indexPage } from './index-page.ts';

function place(profile: Profile, expected: Outcome, verdict?: Partial<Verdict>): ControlPlace {
  const folder = `gpu/${profile}`;
  const named = { suite: 'gpu', profile, expected, folder };
  return verdict
    ? { ...named, control: { verdict: verdictOf({ profile, ...verdict }), expected, refusedFor: ['GPU-1'] } }
    : named;
}

const refused = place('incident', 'fail', {
  verdict: 'fail',
  requirements: [requirement({ verdict: 'fail', measured: 30.5 })],
});
const certified = place('hardened', 'pass', { requirements: [requirement()] });
const heading = (text: string) => /<h1>(.*)<\/h1>/.exec(text)?.[1];
const classOf = (text: string) => /<header class="(\w+)">/.exec(text)?.[1];

describe('the index of controls', () => {
  it('has each control’s verdict and figures, and leads to its own page', () => {
    const text = indexPage([[refused, certified]]);
    expect(heading(text)).to.contain('✓</span> Every profile came out as it had to.');
    expect(classOf(text)).to.equal('pass');
    expect([...text.matchAll(/href="([^"]+)"/g)].map(([, link]) => link)).to.deep.equal([
      'gpu/incident/report/index.html',
      'gpu/hardened/report/index.html',
    ]);
    for (const part of ['30.5 %', 'REFUSED', 'CERTIFIED', 'GPU-1']) expect(text).to.contain(part);
    expect(text).to.match(/Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/);
    expect(text).not.to.match(/<script|src=/);
  });

  it('is not well where a control came out otherwise, for another reason, or not at all', () => {
    const cases: [controls: ControlPlace[], colour: string, part: RegExp][] = [
      [
        [refused, place('hardened', 'pass', { verdict: 'fail' })],
        'fail',
        /Profile hardened should have come out as pass/,
      ],
      [
        [refused, place('hardened', 'pass', { verdict: 'inconclusive' })],
        'inconclusive',
        /should have come out as pass/,
      ],
      [
        [place('incident', 'fail', { verdict: 'fail', requirements: [] }), certified],
        'inconclusive',
        /but not for GPU-1/,
      ],
      [[refused, place('hardened', 'pass')], 'inconclusive', /gpu\/hardened was not run to its end/],
    ];
    for (const [controls, colour, part] of cases) {
      const text = indexPage([controls]);
      expect(heading(text)).to.contain('Not every profile came out as it had to.');
      expect(classOf(text)).to.equal(colour);
      expect(text).to.match(part);
    }
  });

  it('makes no element of any text', () => {
    const count = (text: string) =>
      JSON.stringify(parse(text), (key, value) =>
        key === 'parentNode' || key === 'value' ? undefined : value,
      ).match(/"tagName"/g)?.length;
    fc.assert(
      fc.property(hostileText, (text) => {
        const of = (summary: string) =>
          indexPage([[place('hardened', 'pass', { summary, verdict: 'fail' })]]);
        expect(count(of(text))).to.equal(count(of('plain')));
      }),
      { numRuns: 50 },
    );
  });
});
