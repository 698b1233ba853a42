import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestResult } from 'allure-js-commons';
import { expect } from 'chai';
import { fault, requirement, verdictOf } from '../harness/verdict/testing/sample.ts';
import { allureReporter, allureResults } from './allure.ts';
import { faultHistory } from './testing/history.ts';

describe('allure-results', () => {
  const verdict = verdictOf({
    verdict: 'inconclusive',
    summary: 'Inconclusive: fault f did not bite',
    requirements: [
      requirement(),
      requirement({ id: 'GPU-2', verdict: 'fail', reason: 'seen' }),
      requirement({ id: 'GPU-3', verdict: 'inconclusive' }),
      requirement({ id: 'GPU-4', verdict: 'inconclusive', skipped: true }),
    ],
  });

  it('have a test a requirement and one for the whole, so that an inconclusive run is not all green', () => {
    expect(allureResults(verdict, []).map(({ name, status }) => `${name}: ${status}`)).to.deep.equal([
      'GPU-1 zero false allocation: passed',
      'GPU-2 zero false allocation: failed',
      'GPU-3 zero false allocation: broken',
      'GPU-4 zero false allocation: skipped',
      'verdict: broken',
    ]);
  });

  it('have each fault as a step, injected, bitten, held and healed at the times of the history', () => {
    const step = allureResults(verdict, faultHistory())[0]?.steps[0];
    const within = (at = 0) => at - 1e12;
    expect(step?.status).to.equal('passed');
    expect(step?.steps.map(({ name, start, stop }) => [name, within(start), within(stop)])).to.deep.equal([
      ['inject', 1_000, 1_500],
      ['bite', 1_500, 2_000],
      ['hold', 2_000, 8_000],
      ['heal', 8_000, 9_000],
    ]);
    const toothless = allureResults(verdictOf({ faults: [fault({ bit: false })] }), faultHistory());
    expect(toothless[0]?.steps[0]?.steps.map(({ status }) => status)).to.deep.equal([
      'passed',
      'broken',
      'passed',
      'passed',
    ]);
  });

  it('keep a requirement’s history from run to run, and apart from that of another profile', () => {
    const idOf = (of: typeof verdict) => allureResults(of, [])[0]?.historyId;
    expect(idOf({ ...verdict, runId: 'another' })).to.equal(idOf(verdict));
    expect(idOf({ ...verdict, profile: 'incident' })).not.to.equal(idOf(verdict));
  });

  it('are written with categories and environment, and written again over themselves', async () => {
    const outDir = await mkdtemp(join(tmpdir(), 'ordeal-allure-'));
    try {
      const stdout = { write: () => true };
      const context = { verdict, history: faultHistory(), timeline: () => [], outDir, env: {}, stdout };
      await allureReporter.report(context);
      const [folder = ''] = await allureReporter.report(context);
      const files = await readdir(folder);
      const results = await Promise.all(
        files
          .filter((file) => file.endsWith('-result.json'))
          .map(async (file) => JSON.parse(await readFile(join(folder, file), 'utf8')) as TestResult),
      );
      const byName = ({ name: a = '' }: TestResult, { name: b = '' }: TestResult) => a.localeCompare(b);
      const wanted = JSON.parse(JSON.stringify(allureResults(verdict, faultHistory()))) as TestResult[];
      const plain = (all: TestResult[]) =>
        all.toSorted(byName).map(({ name, parameters, status, statusDetails, uuid }) => ({
          name,
          parameters,
          status,
          statusDetails,
          uuid,
        }));
      expect(plain(results)).to.deep.equal(plain(wanted));
      const categories = JSON.parse(await readFile(join(folder, 'categories.json'), 'utf8'));
      const found = categories.find(
        ({ matchedStatuses, messageRegex = '.*' }: { matchedStatuses: string[]; messageRegex?: string }) =>
          matchedStatuses.includes('broken') && new RegExp(`^${messageRegex}$`).test(verdict.summary),
      );
      expect(found.name).to.equal('Inconclusive: a fault did not bite');
      expect(await readFile(join(folder, 'environment.properties'), 'utf8')).to.contain('kubernetes=1.34.4');
    } finally {
      await rm(outDir, { recursive: true });
    }
  });
});
