import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { hostileText, hostileVerdict, requirement, verdictOf } from '../harness/verdict/testing/sample.ts';
import { junitReporter, junitXml } from './junit.ts';
import { parseXml, type XmlElement } from './testing/xml-parser.ts';
import { escapeXml } from './xml.ts';

function suiteOf(document: string): XmlElement {
  return parseXml(document).children[0] as XmlElement;
}

function casesOf(document: string): XmlElement[] {
  return suiteOf(document).children.filter(({ name }) => name === 'testcase');
}

/** The children that say what became of a case. */
function outcomesOf(document: string): (string | undefined)[] {
  return casesOf(document).map(
    (each) => each.children.find(({ name }) => ['failure', 'error', 'skipped'].includes(name))?.name,
  );
}

describe('junit', () => {
  it('writes a fail as a failure, an inconclusive as an error, what was left out as skipped', () => {
    const document = junitXml(
      verdictOf({
        verdict: 'fail',
        requirements: [
          requirement(),
          requirement({ id: 'GPU-2', verdict: 'fail' }),
          requirement({ id: 'GPU-3', verdict: 'inconclusive' }),
          requirement({ id: 'GPU-4', verdict: 'inconclusive', skipped: true }),
        ],
      }),
    );
    expect(outcomesOf(document)).to.deep.equal([undefined, 'failure', 'error', 'skipped', 'failure']);
    expect(suiteOf(document).attributes).to.include({
      tests: '5',
      failures: '2',
      errors: '1',
      skipped: '1',
      time: '120.5',
    });
  });

  it('closes a gate that reads nothing else when the whole is inconclusive and every requirement is met', () => {
    const document = junitXml(
      verdictOf({ verdict: 'inconclusive', requirements: [requirement()], reasons: ['a', 'b'] }),
    );
    expect(outcomesOf(document)).to.deep.equal([undefined, 'error']);
    expect(suiteOf(document).attributes).to.include({ failures: '0', errors: '1' });
  });

  it('says of a failure what was measured and what was required', () => {
    const reason = '97 of 312 "starts" < all & more';
    const document = junitXml(
      verdictOf({ requirements: [requirement({ verdict: 'fail', measured: 31.09, reason })] }),
    );
    const failure = casesOf(document)[0]?.children[0];
    expect(failure?.attributes).to.deep.equal({ type: 'REFUSED', message: reason });
    expect(failure?.text).to.contain('measured 31.09 %, required ≤ 0 %');
  });

  it('is well-formed and counts right for any text', () => {
    fc.assert(
      fc.property(hostileVerdict, (verdict) => {
        const document = junitXml(verdict);
        const outcomes = outcomesOf(document);
        const count = (name: string) => String(outcomes.filter((outcome) => outcome === name).length);
        expect(suiteOf(document).attributes).to.include({
          tests: String(outcomes.length),
          failures: count('failure'),
          errors: count('error'),
          skipped: count('skipped'),
        });
      }),
    );
  });

  it('keeps text that XML can hold, white space included, and shows the rest as escapes', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const back = parseXml(`<a b="${escapeXml(text)}">${escapeXml(text)}</a>`);
        expect(back.text).to.equal(back.attributes.b);
        if (/^[\t\n\r -~]*$/.test(text)) expect(back.text).to.equal(text);
      }),
    );
    expect(escapeXml('\u0000\u001b\ud800\uffff')).to.equal('\\u0000\\u001b\\ud800\\uffff');
    expect(escapeXml('€ 😀')).to.equal('€ 😀');
  });

  it('writes junit.xml', async () => {
    const outDir = await mkdtemp(join(tmpdir(), 'ordeal-junit-'));
    try {
      const stdout = { write: () => true };
      const paths = await junitReporter.report({
        verdict: verdictOf(),
        history: [],
        timeline: () => [],
        outDir,
        env: {},
        stdout,
      });
      expect(paths).to.deep.equal([join(outDir, 'junit.xml')]);
      expect(await readFile(join(outDir, 'junit.xml'), 'utf8')).to.equal(junitXml(verdictOf()));
    } finally {
      await rm(outDir, { recursive: true });
    }
  });
});
