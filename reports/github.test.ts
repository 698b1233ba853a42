import { expect } from 'chai';
import fc from 'fast-check';
import type { ReportContext } from '../harness/run/ports.ts';
import { hostileVerdict, requirement, verdictOf } from '../harness/verdict/testing/sample.ts';
import type { Verdict } from '../harness/verdict/verdict.ts';
import { annotations, githubReporter } from './github.ts';
import { plainLine } from './text.ts';

/** As GitHub's runner reads them. */
function parsed(text: string): { level: string; title: string; message: string }[] {
  const read = (value: string) =>
    value.replace(/%(25|0D|0A|3A|2C)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => {
      const [, level = '', title = '', message = ''] = /^::(\w+) title=([^:,]*)::(.*)$/.exec(line) ?? [];
      return { level, title: read(title), message: read(message) };
    });
}

async function said(
  verdict: Verdict,
  env: NodeJS.ProcessEnv,
  control: Pick<ReportContext, 'expected'> = {},
): Promise<string> {
  let text = '';
  const stdout = { write: (more: string) => (text += more) };
  await githubReporter.report({
    verdict,
    history: [],
    timeline: () => [],
    outDir: '/',
    env,
    stdout,
    ...control,
  });
  return text;
}

describe('the annotations of a GitHub job', () => {
  it('name what failed as an error and what is inconclusive as a warning, and leave out what was left out', () => {
    const requirements = [
      requirement(),
      requirement({ id: 'GPU-2', verdict: 'fail', measured: 3, unit: 'pairs', reason: '100 %: a, b' }),
      requirement({ id: 'GPU-3', verdict: 'inconclusive' }),
      requirement({ id: 'GPU-4', verdict: 'inconclusive', skipped: true }),
    ];
    const found = parsed(
      annotations(verdictOf({ verdict: 'fail', summary: 'Refused: GPU-2', requirements })),
    );
    expect(found.map(({ level, title }) => `${level} ${title}`)).to.deep.equal([
      'error REFUSED: profile hardened',
      'error GPU-2 zero false allocation',
      'warning GPU-3 zero false allocation',
    ]);
    expect(found[1]?.message).to.equal('100 %: a, b (measured 3 pairs, required ≤ 0 pairs)');
  });

  it('are an error where the whole is inconclusive, for no gate opens then', () => {
    expect(parsed(annotations(verdictOf({ verdict: 'inconclusive' })))[0]?.level).to.equal('error');
    expect(parsed(annotations(verdictOf()))[0]?.level).to.equal('notice');
  });

  it('read back as they were said, one a line, whatever the text', () => {
    fc.assert(
      fc.property(hostileVerdict, (verdict) => {
        const found = parsed(annotations(verdict));
        expect(found[0]?.message).to.equal(plainLine(verdict.summary));
        const open = verdict.requirements.filter((each) => each.verdict !== 'pass' && !each.skipped);
        expect(found.slice(1).map(({ title }) => title)).to.deep.equal(
          open.map(({ id, title }) => plainLine(`${id} ${title}`)),
        );
      }),
    );
  });

  it('are said in a GitHub job and nowhere else', async () => {
    expect(await said(verdictOf(), { GITHUB_ACTIONS: 'true' })).to.equal(annotations(verdictOf()));
    expect(await said(verdictOf(), {})).to.equal('');
  });

  it('do not alarm anyone with a control that was refused as it had to be', async () => {
    const job = { GITHUB_ACTIONS: 'true' };
    const refused = verdictOf({ verdict: 'fail' });
    expect(await said(refused, job, { expected: 'fail' })).to.equal('');
    expect(await said(verdictOf({ verdict: 'inconclusive' }), job, { expected: 'fail' })).to.match(
      /^::error/,
    );
    expect(await said(refused, job, { expected: 'pass' })).to.match(/^::error/);
  });
});
