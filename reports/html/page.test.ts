import { expect } from 'chai';
import fc from 'fast-check';
import { type DefaultTreeAdapterTypes, parse } from 'parse5';
import type { LaneGroup } from '../../harness/history/timeline.ts';
import {
  fault,
  hostileText,
  hostileVerdict,
  requirement,
  verdictOf,
} from '../../harness/verdict/testing/sample.ts';
import type { Verdict } from '../../harness/verdict/verdict.ts';
import { faultHistory } from '../testing/history.ts';
import { plainLine } from '../text.ts';
import { page } from './page.ts';

type Node = DefaultTreeAdapterTypes.Node;

/** The elements and attributes of a document, without any text. */
function skeleton(node: Node): string {
  const children = 'childNodes' in node ? node.childNodes.map(skeleton).join('') : '';
  if (node.nodeName === '#text') return '';
  const attributes = 'attrs' in node ? node.attrs.map(({ name }) => name).join(' ') : '';
  return `<${node.nodeName} ${attributes}>${children}</>`;
}

function textOf(node: Node): string {
  if (node.nodeName === 'style') return '';
  if ('value' in node) return node.value;
  return 'childNodes' in node ? node.childNodes.map(textOf).join('') : '';
}

/** What XML has no way to write is escaped in sight. */
function shownAs(text: string): string {
  return plainLine(text)
    .replace(/[\ufffe\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16)}`)
    .replaceAll(/\s+/g, ' ')
    .trim();
}

const body = (document: string) => textOf(parse(document)).replaceAll(/\s+/g, ' ');

function lanes(text: string): LaneGroup[] {
  return [
    {
      title: text,
      note: text,
      lanes: [
        {
          title: text,
          tracks: [
            {
              kind: 'spans',
              name: text,
              spans: [
                { from: 0, to: 4_000, tone: 'good', label: text },
                { from: 4_000, to: 5_000, tone: 'bad', label: text },
              ],
            },
            { kind: 'marks', name: text, marks: [{ at: 3_000, label: text }] },
            {
              kind: 'line',
              name: text,
              unit: text,
              step: true,
              points: [
                [0, 1],
                [5_000, 3],
              ],
            },
          ],
        },
      ],
    },
  ];
}

/** The same verdict with harmless text of its own wherever there is text from outside. */
function harmless(verdict: Verdict): Verdict {
  return verdictOf({
    verdict: verdict.verdict,
    requirements: verdict.requirements.map((each) => ({
      ...each,
      id: 'i',
      title: 't',
      unit: 'u',
      reason: 'r',
    })),
    faults: verdict.faults.map((each) => fault({ mechanism: each.mechanism && 'm' })),
    reasons: verdict.reasons.map(() => 'r'),
    replay: verdict.replay && 'again',
    cluster: { ...verdict.cluster, name: 'n', provider: 'p', versions: { v: '1' } },
  });
}

describe('the page', () => {
  it('lets no text of a history or a verdict become markup', () => {
    fc.assert(
      fc.property(hostileVerdict, hostileText, (verdict, text) => {
        const hostile = page({ verdict, history: faultHistory(text), lanes: lanes(text), missing: text });
        const plain = page({
          verdict: harmless(verdict),
          history: faultHistory('f'),
          lanes: lanes('l'),
          missing: 'm',
        });
        expect(skeleton(parse(hostile))).to.equal(skeleton(parse(plain)));
        expect(body(hostile)).to.contain(shownAs(text));
      }),
      { numRuns: 60 },
    );
  });

  it('runs no script and asks nothing of anyone', () => {
    const text = page({ verdict: verdictOf(), history: faultHistory(), lanes: lanes('l') });
    expect(text).not.to.match(/<script|<link|<img|<iframe|\bon\w+=|https?:|url\(|@import/i);
    expect(text).to.contain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  });

  it('says the verdict and what its samples bound before anything else', () => {
    const shown = body(page({ verdict: verdictOf(), history: [], lanes: [] }));
    expect(shown).to.match(
      /CERTIFIED: profile hardened on kind.*at most 0.099974 % \(95 %\) by 2995 samples.*Requirements/,
    );
  });

  it('says so where no bound is claimed', () => {
    const requirements = [requirement({ upperBound: null, confidence: null })];
    expect(
      body(page({ verdict: verdictOf({ requirements, level: 'smoke' }), history: [], lanes: [] })),
    ).to.contain('No bound is claimed at level smoke.');
  });

  it('names all of which nothing can be said, with the reason', () => {
    const verdict = verdictOf({
      verdict: 'inconclusive',
      reasons: ['fault bind-delay-1 did not bite'],
      requirements: [
        requirement({ verdict: 'inconclusive', reason: 'too few' }),
        requirement({ id: 'GPU-7', skipped: true, verdict: 'inconclusive', reason: 'no quota here' }),
      ],
      faults: [fault({ bit: false })],
    });
    const shown = body(page({ verdict, history: [], lanes: [] }));
    expect(shown).to.match(
      /What was inconclusive.*GPU-1 zero false allocation: too few.*left out by the plan: no quota here.*fault bind-delay-1: .*did NOT bite.*Requirements/,
    );
  });

  it('has a row a requirement with its figures, a row a fault, and the command that runs it again', () => {
    const shown = body(page({ verdict: verdictOf(), history: [], lanes: [] }));
    expect(shown).to.match(
      /GPU-1 zero false allocation ?✓ pass ?0 % ?≤ 0 % ?2995 ?0.099974 % \(95 %\) ?real-kubernetes ?0 of 2995/,
    );
    expect(shown).to.match(
      /bind-delay-1 ?gpu\/bind-delay ?node ordeal-worker ?plugin knob ?injected in 52 ms, bit in 1.2 s/,
    );
    expect(shown).to.contain('ordeal run --suite gpu --profile hardened --level release --seed 1');
  });

  it('tells in words what is bad in a lane', () => {
    expect(body(page({ verdict: verdictOf(), history: faultHistory(), lanes: lanes('gpu-0') }))).to.contain(
      '1 bad in wordsgpu-0, gpu-0: 4.0 s to 5.0 s, gpu-0',
    );
  });

  it('stays small however much happened, and keeps the one thing that was bad', () => {
    const spans = Array.from({ length: 500 }, (_, index) => ({
      from: index * 200,
      to: index * 200 + 80,
      tone: index === 300 ? ('bad' as const) : ('good' as const),
      label: `look ${index}`,
    }));
    const many = Array.from({ length: 100 }, (_, index) => ({
      title: `gpu-${index}`,
      tracks: [{ kind: 'spans' as const, name: 'usable', spans }],
    }));
    const history = [...faultHistory(), { ...faultHistory()[7], seq: 8, mono: 100_000 }] as ReturnType<
      typeof faultHistory
    >;
    const text = page({
      verdict: verdictOf(),
      history,
      lanes: [{ title: 'devices', note: '', lanes: many }],
    });
    expect(text.length).to.be.below(2_000_000);
    expect(text.match(/class="bad" d="M600 0h1v14h-1z"/g)).to.have.length(100);
  });

  it('shows how someone’s cluster was left, by each difference, and nothing of one that was the harness’s own', () => {
    const of = (verdict: Verdict) => body(page({ verdict, history: faultHistory(), lanes: [] }));
    expect(of(verdictOf())).not.to.contain('How the cluster was left');
    const left = { compared: 3, ours: ['node a has the label x'], others: ['node b is cordoned'] };
    expect(of(verdictOf({ left }))).to.match(
      /How the cluster was left ?left with 2 differences\. What the run has changed, and not taken back: ?node a has the label x ?What may be anybody’s: ?node b is cordoned/,
    );
    expect(of(verdictOf({ left: { compared: 3, ours: [], others: [] } }))).to.contain(
      'left as it was found: 3 nodes compared',
    );
    expect(of(verdictOf({ left: { compared: 0, ours: [], others: [], unseen: 'gone' } }))).to.contain(
      'left: not known (gone)',
    );
  });
});
