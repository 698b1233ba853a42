import { expect } from 'chai';
import fc from 'fast-check';
import type { Decision } from '../../harness/gate/decision.ts';
import { hostileText } from '../../harness/verdict/testing/sample.ts';
import { gateAnnotations } from './annotations.ts';
import { gateText } from './console.ts';

type Fields = Partial<Omit<Decision['requirements'][number], 'asked'>>;

function decisionOf(text: string, { status = 'refused' }: Fields = {}): Decision {
  return {
    schemaVersion: 1,
    decision: status === 'proven' ? 'open' : 'refused',
    summary: text,
    decidedAt: '2024-01-10T00:00:00.000Z',
    requirements: [
      {
        id: 'GPU-1',
        status,
        asked: { evidence: 'modelled', level: 'smoke', maxAgeMs: 1, lanes: [], threshold: null },
        reason: text,
        todo: status === 'refused' ? text : null,
        provenBy: [],
        failedBy: [],
        gaps: [],
      },
    ],
    runs: [
      {
        dir: text,
        runId: text,
        verdict: 'pass',
        profile: 'hardened',
        level: 'smoke',
        provider: text,
        versions: {},
        endedAt: text,
        rejudged: true,
        standing: status === 'proven' ? 'counted' : 'disbelieved',
        reasons: [text],
        todo: null,
      },
    ],
    waivers: [
      { requirement: 'GPU-1', owner: text, reason: text, expires: text, status: 'covers', note: text },
    ],
  };
}

describe('a gate’s decision', () => {
  it('has a line for each requirement, with what would have to change', () => {
    const text = gateText(decisionOf('97 of 312 starts'));
    expect(text).to.match(/^gate SHUT: refused\n/);
    expect(text).to.match(
      /\n {2}GPU-1 refused \(asked: smoke, modelled\)\n {6}97 of 312 starts\n {6}do: 97 of/,
    );
  });

  it('fits its width and lets no control character through, whatever the text', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        for (const line of gateText(decisionOf(text)).split('\n')) {
          expect(line).not.to.match(/\p{Cc}/u);
          // Folders stand whole in the table of runs.
          if (!/hardened|standing/.test(line)) expect(line.length).to.be.at.most(110);
        }
      }),
    );
  });

  it('is an error of a GitHub job for what shuts the gate, and nothing for what is open', () => {
    expect(gateAnnotations(decisionOf('100 %, at a:b'))).to.equal(
      '::error title=gate%3A 100 %25%2C at a%3Ab::100 %25, at a:b\n' +
        '::error title=gate%3A GPU-1 refused::100 %25, at a:b. To do: 100 %25, at a:b\n',
    );
    expect(gateAnnotations(decisionOf('x', { status: 'proven' }))).to.equal('');
    expect(gateAnnotations(decisionOf('x', { status: 'waived' }))).to.match(
      /^::error.*\n::warning .*waived::x\n$/,
    );
  });

  it('is no further command of the job, whatever the text', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const lines = gateAnnotations(decisionOf(text)).split('\n');
        expect(lines).to.have.length(3);
        for (const line of lines.slice(0, 2)) expect(line).to.match(/^::error title=[^:,]*::/);
      }),
    );
  });
});
