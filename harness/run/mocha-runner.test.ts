import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import Mocha from 'mocha';
import { OrdealError } from '../errors/error.ts';
import { Plan } from '../plan/schema.ts';
import type { Requirement, RequirementVerdict, Verdict } from '../verdict/verdict.ts';
import { type MochaReporter, runSpecs, type SpecTest } from './mocha-runner.ts';

const thinSpec = fileURLToPath(new URL('fixtures/thin-spec.ts', import.meta.url));
const greedySpec = fileURLToPath(new URL('fixtures/greedy-spec.ts', import.meta.url));
const notASpec = fileURLToPath(new URL('fixtures/not-a-spec.ts', import.meta.url));
const plan = Plan.parse({});

function requirement(id: string, fields: Partial<RequirementVerdict> = {}): RequirementVerdict {
  return {
    id,
    title: `title of ${id}`,
    verdict: 'pass',
    measured: 31,
    threshold: 0,
    comparison: '<=',
    unit: '%',
    samples: 312,
    confidence: null,
    upperBound: null,
    evidence: 'modelled',
    reason: 'because',
    ...fields,
  };
}

function specRun(requirements: RequirementVerdict[], spec = thinSpec, reporters: MochaReporter[] = []) {
  const declared = requirements.map(({ id, title }) => ({ id, title }) as Requirement);
  return runSpecs({
    suites: [{ name: 'test', spec, requirements: () => declared }],
    plan,
    verdict: { requirements } as Verdict,
    reporters,
  });
}

async function failure(promise: Promise<unknown>): Promise<OrdealError> {
  const outcome = await promise.catch((error: unknown) => error);
  expect(outcome).to.be.instanceOf(OrdealError);
  return outcome as OrdealError;
}

const states = (tests: SpecTest[]) => tests.map(({ state }) => state);

describe('runSpecs', () => {
  it('shows met requirements as passed tests, under their titles', async () => {
    const tests = await specRun([requirement('T-1'), requirement('T-2')]);
    expect(states(tests)).to.deep.equal(['passed', 'passed']);
    expect(tests.map(({ path }) => path)).to.deep.equal([
      ['A suite', 'T-1 title of T-1'],
      ['A suite', 'with a test of its own', 'that says T-2 in its own words'],
    ]);
  });

  it('fails with what was expected and what was measured, and tells an inconclusive test from it', async () => {
    const errors: unknown[] = [];
    class Collector {
      constructor(runner: Mocha.Runner) {
        runner.on('fail', (_test, error: unknown) => errors.push(error));
      }
    }
    const tests = await specRun(
      [
        requirement('T-1', { verdict: 'fail', reason: '97 of 312 starts' }),
        requirement('T-2', { verdict: 'inconclusive', reason: '12 of 300 starts' }),
      ],
      thinSpec,
      [{ reporter: Collector }],
    );
    expect(states(tests)).to.deep.equal(['failed', 'inconclusive']);
    expect(tests.map(({ reason }) => reason)).to.deep.equal([
      'T-1: 97 of 312 starts',
      'T-2 is inconclusive: 12 of 300 starts',
    ]);
    expect(errors[0]).to.include({ name: 'AssertionError', expected: '<= 0 %', actual: '31 %' });
    expect(errors[1]).to.include({ code: 'INCONCLUSIVE' });
  });

  it('shows what the plan left out as pending', async () => {
    const tests = await specRun([
      requirement('T-1', { verdict: 'inconclusive', skipped: true }),
      requirement('T-2'),
    ]);
    expect(states(tests)).to.deep.equal(['skipped', 'passed']);
  });

  it('runs again in the same process, from nothing', async () => {
    const [first, second] = [
      await specRun([requirement('T-1'), requirement('T-2')]),
      await specRun([requirement('T-1', { verdict: 'fail' }), requirement('T-2')]),
    ];
    expect([states(first), states(second)]).to.deep.equal([
      ['passed', 'passed'],
      ['failed', 'passed'],
    ]);
  });

  it('gives every reporter the run and its options, and waits for those that end late', async () => {
    const seen: string[] = [];
    class Late {
      constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
        runner.on('end', () => seen.push(`end ${JSON.stringify(options.reporterOptions)}`));
      }
      done(failures: number, finished: (failures: number) => void): void {
        setTimeout(() => {
          seen.push(`done ${failures}`);
          finished(failures);
        }, 20);
      }
    }
    await specRun([requirement('T-1', { verdict: 'fail' }), requirement('T-2')], thinSpec, [
      { reporter: Late, options: { dir: 'a' } },
      { reporter: Late, options: { dir: 'b' } },
    ]);
    expect(seen).to.deep.equal(['end {"dir":"a"}', 'end {"dir":"b"}', 'done 1', 'done 1']);
  });

  it('takes mocha’s own reporters', async () => {
    const lines: string[] = [];
    const log = Mocha.reporters.Base.consoleLog;
    Mocha.reporters.Base.consoleLog = (...args: unknown[]) => void lines.push(args.join(' '));
    try {
      await specRun([requirement('T-1'), requirement('T-2')], thinSpec, [{ reporter: Mocha.reporters.Spec }]);
    } finally {
      Mocha.reporters.Base.consoleLog = log;
    }
    expect(lines.join('\n')).to.contain('A suite');
  });

  it('refuses a spec that forgets a requirement', async () => {
    const error = await failure(specRun([requirement('T-1'), requirement('T-2'), requirement('T-3')]));
    expect(error).to.include({ code: 'SPEC_INVALID', exit: 5, seen: 'T-3 is asserted 0 times' });
  });

  it('refuses a spec that asserts what is no requirement of the run', async () => {
    const error = await failure(specRun([requirement('T-2')]));
    expect(error.seen).to.contain('T-1');
  });

  it('refuses a spec that asserts one twice', async () => {
    const error = await failure(specRun([requirement('T-1'), requirement('T-2')], greedySpec));
    expect(error.seen).to.equal('T-1 is asserted 2 times');
  });

  it('refuses a spec of another suite’s requirements', async () => {
    const error = await failure(
      runSpecs({
        suites: [{ name: 'a', spec: thinSpec, requirements: () => [{ id: 'T-1' }] as Requirement[] }],
        plan,
        verdict: { requirements: [requirement('T-1'), requirement('T-2')] } as Verdict,
      }),
    );
    expect(error.seen).to.equal('T-2 belongs to another suite');
  });

  it('refuses a file that declares nothing', async () => {
    const error = await failure(specRun([requirement('T-1')], notASpec));
    expect(error.seen).to.contain('not a function');
  });
});
