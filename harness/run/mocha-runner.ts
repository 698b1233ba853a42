import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';
import Mocha from 'mocha';
import { EXIT, messageOf, OrdealError } from '../errors/error.ts';
import type { Plan } from '../plan/schema.ts';
import type { RequirementVerdict, Verdict } from '../verdict/verdict.ts';
import type { Suite } from './ports.ts';

/** What a spec file's default export is given; nothing is global, so a spec can be run again in the same process. */
export interface SpecDsl {
  describe(title: string, body: () => void): void;
  it(title: string, body: () => void | Promise<void>): void;
  /** Ids of the suite's requirements under the run's plan, for a suite whose plan says which there are. */
  requirements: readonly string[];
  /** The test of one requirement, under its own id and title. */
  requirement(id: string): void;
  /**
   * The verdict of a requirement, inside a test with a title of its own.
   * @throws AssertionError where it failed; an error with code INCONCLUSIVE where it is inconclusive. A requirement
   * that the plan left out makes its test pending.
   */
  verdictOf(id: string): RequirementVerdict;
}

type Spec = (dsl: SpecDsl) => void;

type TestState = 'passed' | 'failed' | 'inconclusive' | 'skipped';

export interface SpecTest {
  /** Titles from the outermost describe to the test. */
  path: string[];
  state: TestState;
  durationMs: number;
  /** Only where failed or inconclusive. */
  reason?: string;
}

/** A mocha reporter to attach: its class, and its `reporterOptions`. */
export interface MochaReporter {
  reporter: new (runner: Mocha.Runner, options: Mocha.MochaOptions) => { done?: ReporterDone };
  options?: Record<string, unknown>;
}
type ReporterDone = (failures: number, finished: (failures: number) => void) => void;

export interface SpecRun {
  suites: readonly Pick<Suite, 'name' | 'spec' | 'requirements'>[];
  plan: Plan;
  verdict: Verdict;
  /** Attached in order; none of them writes to the terminal unless it is made to. */
  reporters?: readonly MochaReporter[];
}

/** What a test throws for a requirement that could not be decided: never green, and not to be taken for a failure. */
class InconclusiveError extends Error {
  readonly code = 'INCONCLUSIVE';
  override readonly name = 'InconclusiveError';
}

/**
 * Runs the suites' specs over a verdict. Tests decide nothing: they show each requirement's verdict to whatever
 * understands mocha.
 * @throws OrdealError SPEC_INVALID (exit 5) where a spec can't be loaded, or does not assert each requirement of its
 * suite exactly once.
 */
export async function runSpecs({ suites, plan, verdict, reporters = [] }: SpecRun): Promise<SpecTest[]> {
  const mocha = new Mocha({ timeout: 0, reporter: multiplexed(reporters) });
  const specs = await Promise.all(suites.map(async (suite) => ({ suite, spec: await load(suite.spec) })));
  const asserted = specs.map(({ suite, spec }) => {
    const ids: string[] = [];
    const required = suite.requirements(plan).map(({ id }) => id);
    spec(dslOf(mocha, suite.spec, verdict, { required, asserted: ids }));
    return { suite, ids };
  });
  const tests = await run(mocha);
  for (const { suite, ids } of asserted) {
    checkCoverage(
      suite.spec,
      suite.requirements(plan).map(({ id }) => id),
      ids,
    );
  }
  return tests;
}

function dslOf(
  mocha: Mocha,
  file: string,
  verdict: Verdict,
  { asserted, required }: { required: readonly string[]; asserted: string[] },
): SpecDsl {
  const bdd = {} as Mocha.MochaGlobals;
  mocha.suite.emit('pre-require', bdd, file, mocha);

  const find = (id: string): RequirementVerdict => {
    const found = verdict.requirements.find((requirement) => requirement.id === id);
    if (!found) throw invalid(file, `it asserts ${id}, which is no requirement of this run`);
    return found;
  };
  let current: Mocha.Context | undefined;
  const it: SpecDsl['it'] = (title, body) => {
    bdd.it(title, function () {
      current = this;
      return body();
    });
  };
  const verdictOf: SpecDsl['verdictOf'] = (id) => {
    const requirement = find(id);
    asserted.push(id);
    if (requirement.skipped) current?.skip();
    assertMet(requirement);
    return requirement;
  };
  return {
    describe: (title, body) => {
      bdd.describe(title, body);
    },
    it,
    requirements: required,
    verdictOf,
    requirement: (id) => it(`${id} ${find(id).title}`, () => void verdictOf(id)),
  };
}

function assertMet({ id, verdict, reason, measured, comparison, threshold, unit }: RequirementVerdict): void {
  if (verdict === 'inconclusive') throw new InconclusiveError(`${id} is inconclusive: ${reason}`);
  if (verdict === 'pass') return;
  throw new assert.AssertionError({
    message: `${id}: ${reason}`,
    expected: `${comparison} ${threshold} ${unit}`.trimEnd(),
    actual: `${measured} ${unit}`.trimEnd(),
    operator: comparison,
  });
}

function run(mocha: Mocha): Promise<SpecTest[]> {
  const tests: SpecTest[] = [];
  return new Promise((resolve) => {
    const runner = mocha.run(() => {
      mocha.dispose();
      resolve(tests);
    });
    const add = (test: Mocha.Runnable, state: TestState, reason?: string): void => {
      const path = test.titlePath();
      tests.push({
        path,
        state,
        durationMs: test.duration ?? 0,
        ...(reason === undefined ? {} : { reason }),
      });
    };
    runner.on('pass', (test) => add(test, 'passed'));
    runner.on('pending', (test) => add(test, 'skipped'));
    runner.on('fail', (test, error: unknown) => {
      add(test, error instanceof InconclusiveError ? 'inconclusive' : 'failed', messageOf(error));
    });
  });
}

/** One reporter class for mocha, which takes a single one, around any number. */
function multiplexed(reporters: readonly MochaReporter[]): Mocha.ReporterConstructor {
  return class extends Mocha.reporters.Base {
    readonly #inner: { done?: ReporterDone }[];

    constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
      super(runner, options);
      this.#inner = reporters.map(
        ({ reporter: Reporter, options: reporterOptions }) =>
          new Reporter(runner, { ...options, reporterOptions: reporterOptions ?? {} }),
      );
    }

    override done(failures: number, finished: (failures: number) => void): void {
      const waiting = this.#inner.map(
        (inner) =>
          new Promise<unknown>((resolve) => (inner.done ? inner.done(failures, resolve) : resolve(0))),
      );
      void Promise.allSettled(waiting).then(() => finished(failures));
    }
  };
}

async function load(file: string): Promise<Spec> {
  const loaded = (await import(pathToFileURL(file).href)) as { default?: unknown };
  if (typeof loaded.default === 'function') return loaded.default as Spec;
  throw invalid(file, 'its default export is not a function');
}

function checkCoverage(file: string, required: readonly string[], asserted: readonly string[]): void {
  const times = (id: string): number => asserted.filter((other) => other === id).length;
  const wrong = [...new Set([...required, ...asserted])].filter(
    (id) => times(id) !== 1 || !required.includes(id),
  );
  if (wrong.length === 0) return;
  const seen = wrong.map((id) =>
    required.includes(id) ? `${id} is asserted ${times(id)} times` : `${id} belongs to another suite`,
  );
  throw invalid(file, seen.join('; '));
}

function invalid(file: string, seen: string): OrdealError {
  return new OrdealError({
    code: 'SPEC_INVALID',
    exit: EXIT.defect,
    tried: `running the spec ${file}`,
    seen,
    todo: 'the spec has to assert each requirement of its suite exactly once',
  });
}
