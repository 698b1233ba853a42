import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import type { ReportContext } from '../harness/run/ports.ts';
import { hostileText, hostileVerdict, requirement, verdictOf } from '../harness/verdict/testing/sample.ts';
import { Verdict } from '../harness/verdict/verdict.ts';
import { jsonReporter } from './json.ts';
import { escapeMarkdown, markdown, markdownReporter } from './markdown.ts';
import { reportAll } from './multiplexer.ts';
import { plainLine, wrap } from './text.ts';

describe('reporters', () => {
  let outDir: string;
  beforeEach(async () => {
    outDir = await mkdtemp(join(tmpdir(), 'ordeal-reports-'));
  });
  afterEach(() => rm(outDir, { recursive: true }));

  const contextOf = (verdict: Verdict, env: NodeJS.ProcessEnv = {}): ReportContext => ({
    verdict,
    history: [],
    timeline: () => [],
    outDir,
    env,
    stdout: { write: () => true },
  });

  it('json reads back as the verdict that was written, whatever its text', async () => {
    await fc.assert(
      fc.asyncProperty(hostileVerdict, async (verdict) => {
        const [path = ''] = await jsonReporter.report(contextOf(verdict));
        expect(Verdict.parse(JSON.parse(await readFile(path, 'utf8')))).to.deep.equal(verdict);
      }),
      { numRuns: 30 },
    );
    expect(await readdir(outDir)).to.deep.equal(['verdict.json']);
  });

  it('markdown writes summary.md, and appends to a job’s step summary', async () => {
    const step = join(outDir, 'step.md');
    expect(await markdownReporter.report(contextOf(verdictOf()))).to.deep.equal([join(outDir, 'summary.md')]);
    const context = contextOf(verdictOf(), { GITHUB_STEP_SUMMARY: step });
    await markdownReporter.report(context);
    await markdownReporter.report(context);
    const text = markdown(verdictOf());
    expect(await readFile(join(outDir, 'summary.md'), 'utf8')).to.equal(text);
    expect(await readFile(step, 'utf8')).to.equal(`${text}\n${text}\n`);
  });

  it('that throw are logged and named, and the others still report', async () => {
    const logged: unknown[] = [];
    const broken = { name: 'broken', report: () => Promise.reject(new Error('no room')) };
    const worse = {
      name: 'worse',
      report: () => {
        throw 'a string';
      },
    };
    const reported = await reportAll([broken, worse, jsonReporter], contextOf(verdictOf()), {
      error: (...args: unknown[]) => void logged.push(args),
    });
    expect(reported).to.deep.equal({
      written: [join(outDir, 'verdict.json')],
      failed: [
        { reporter: 'broken', error: 'no room' },
        { reporter: 'worse', error: 'a string' },
      ],
    });
    expect(logged).to.have.length(2);
  });
});

describe('markdown', () => {
  it('has a row a requirement and a row a fault, and the reasons', () => {
    const text = markdown(
      verdictOf({ verdict: 'fail', requirements: [requirement({ verdict: 'fail' })], reasons: ['a|b', 'c'] }),
    );
    expect(text).to.match(/^## REFUSED: profile hardened\n/);
    expect(text).to.contain('| GPU-1 zero false allocation | fail | 0 % | ≤ 0 % | 2995 |');
    expect(text).to.contain('\n- a\\|b\n- c\n');
    expect(text).to.contain(
      '| bind-delay-1 | gpu/bind-delay | node ordeal-worker | plugin knob | injected in 52 ms',
    );
  });

  it('keeps its tables whole and lets no HTML through, whatever the text', () => {
    fc.assert(
      fc.property(hostileVerdict, (verdict) => {
        const lines = markdown(verdict).split('\n');
        const rows = lines.filter((line) => line.startsWith('| '));
        // 2 + 2 rows of the requirements with 8 cells, 2 + 1 of the faults with 5.
        expect(rows.map((row) => row.match(/(?<!\\)(?:\\\\)*\|/g)?.length)).to.deep.equal([
          9, 9, 9, 9, 6, 6, 6,
        ]);
        for (const line of lines.filter((each) => !each.startsWith('Again: ')))
          expect(line).not.to.match(/[<>]/);
      }),
    );
  });

  it('escapes so that what is shown is what was said', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const shown = escapeMarkdown(text)
          .replace(/\\([\\`*_[\]#|~$])/g, '$1')
          .replaceAll('&lt;', '<')
          .replaceAll('&gt;', '>')
          .replaceAll('&#64;', '@')
          .replaceAll('&amp;', '&');
        expect(shown).to.equal(plainLine(text));
      }),
    );
  });
});

describe('wrap', () => {
  it('loses no word and passes no width', () => {
    fc.assert(
      fc.property(hostileText, fc.integer({ min: 2, max: 30 }), (text, width) => {
        const lines = wrap(text, width);
        for (const line of lines) expect(line.length).to.be.at.most(width);
        const words = (from: string) => from.replaceAll(' ', '');
        expect(words(lines.join(''))).to.equal(words(text));
      }),
    );
  });
});
