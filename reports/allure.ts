import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Stage, Status, type StepResult, type TestResult } from 'allure-js-commons';
import type { Category } from 'allure-js-commons/sdk';
import { createStepResult, createTestResult, FileSystemWriter, md5 } from 'allure-js-commons/sdk/reporter';
import { type EngineEvents, eventsOf, type History } from '../harness/history/event.ts';
import type { Reporter } from '../harness/run/ports.ts';
import type { FaultVerdict, Outcome, RequirementVerdict, Verdict } from '../harness/verdict/verdict.ts';
import { bound, faultStory, figure, threshold } from './figure.ts';
import { nodeFacts } from './nodes.ts';
import { plainLine } from './text.ts';

const STATUS: Record<Outcome, Status> = {
  pass: Status.PASSED,
  fail: Status.FAILED,
  inconclusive: Status.BROKEN,
};

/** Why a test is not a pass, in the verdict's own words; the first that matches counts. */
const CATEGORIES: Category[] = [
  { name: 'Refused: a requirement was missed', matchedStatuses: [Status.FAILED] },
  { name: 'Left out by the plan', matchedStatuses: [Status.SKIPPED] },
  inconclusive('Inconclusive: a fault did not bite', 'did not bite'),
  inconclusive('Inconclusive: a fault was not healed', 'was not healed'),
  inconclusive(
    'Inconclusive: the run was cut short',
    'the run (was interrupted|passed its deadline|failed|has no end)',
  ),
  inconclusive('Inconclusive: the checker crashed', 'its checker'),
  { name: 'Inconclusive: another doubt', matchedStatuses: [Status.BROKEN] },
];

/**
 * `allure-results/`: a test a requirement and one for the whole, each with the faults as steps (inject, bite, hold,
 * heal). A past run that is reported again overwrites its own results; a requirement keeps its history id from run to
 * run of one profile on one provider, so that Allure shows a trend.
 */
export const allureReporter: Reporter = {
  name: 'allure',
  async report({ history, outDir, verdict }) {
    const resultsDir = join(outDir, 'allure-results');
    await mkdir(resultsDir, { recursive: true });
    const writer = new FileSystemWriter({ resultsDir });
    for (const result of allureResults(verdict, history)) writer.writeResult(result);
    writer.writeCategoriesDefinitions(CATEGORIES);
    writer.writeEnvironmentInfo(environment(verdict));
    return [resultsDir];
  },
};

/** What the results' files hold. */
export function allureResults(verdict: Verdict, history: History): TestResult[] {
  const { reasons, requirements, summary } = verdict;
  const steps = verdict.faults.map((fault) => faultStep(fault, history));
  const whole = testOf(verdict, 'verdict', 'verdict', steps);
  return [
    ...requirements.map((each) => requirementTest(each, verdict, steps)),
    {
      ...whole,
      status: STATUS[verdict.verdict],
      statusDetails: { message: plainLine(summary), trace: reasons.map(plainLine).join('\n') },
    },
  ];
}

function requirementTest(each: RequirementVerdict, verdict: Verdict, steps: StepResult[]): TestResult {
  const figures: [string, string][] = [
    ['measured', figure(each.measured, each.unit)],
    ['required', threshold(each)],
    ['samples', String(each.samples)],
    ['bound', bound(each)],
    ['evidence', each.evidence],
  ];
  return {
    ...testOf(verdict, each.id, `${each.id} ${each.title}`, steps),
    status: each.skipped ? Status.SKIPPED : STATUS[each.verdict],
    statusDetails: { message: plainLine(each.reason) },
    // Figures differ from run to run, and are none of what makes it the same test.
    parameters: figures.map(([name, value]) => ({ name, value: plainLine(value), excluded: true })),
  };
}

function testOf(verdict: Verdict, id: string, name: string, steps: StepResult[]): TestResult {
  const { cluster, endedAt, profile, runId, startedAt } = verdict;
  const fullName = `ordeal ${cluster.provider} ${profile} ${id}`;
  const labels = { parentSuite: 'ordeal', suite: `${profile} on ${cluster.provider}`, framework: 'ordeal' };
  return {
    ...createTestResult(md5(`${runId} ${id}`)),
    name: plainLine(name),
    fullName: plainLine(fullName),
    testCaseId: md5(fullName),
    historyId: md5(fullName),
    stage: Stage.FINISHED,
    start: Date.parse(startedAt),
    stop: Date.parse(endedAt),
    labels: Object.entries(labels).map(([label, value]) => ({ name: label, value: plainLine(value) })),
    steps,
  };
}

function faultStep(fault: FaultVerdict, history: History): StepResult {
  const at = (type: string) =>
    eventsOf<EngineEvents['fault.healing']>(history, type).find(({ body }) => body.fault === fault.id)?.wall;
  const injecting = at('fault.injecting');
  const injected = at('fault.injected');
  const bit = fault.bit ? at('fault.bit') : undefined;
  const healing = at('fault.healing');
  const healed = at('fault.healed');
  const steps = [
    step('inject', fault.injected, injecting, injected, fault.mechanism),
    step('bite', fault.bit, injected, bit, fault.biteEvidence),
    step('hold', fault.durations.heldMs !== null, bit ?? injected, healing, ''),
    step('heal', fault.healed, healing, healed, fault.healEvidence),
  ];
  const well = fault.injected && fault.bit && fault.healed;
  const name = `fault ${fault.id} (${fault.kind}) on ${fault.target}`;
  return { ...step(name, well, injecting, healed, faultStory(fault)), steps };
}

/** What was not seen to happen is broken: it leaves a doubt and fails nothing. */
function step(
  name: string,
  well: boolean,
  start: number | undefined,
  stop: number | undefined,
  message: string,
): StepResult {
  const times = { ...(start !== undefined && { start }), ...(stop !== undefined && { stop }) };
  return {
    ...createStepResult(),
    name: plainLine(name),
    status: well ? Status.PASSED : Status.BROKEN,
    stage: Stage.FINISHED,
    statusDetails: { message: plainLine(message) },
    ...times,
  };
}

function environment({ cluster, level, profile, replay, runId, seed }: Verdict): Record<string, string> {
  const pairs: [string, string][] = [
    ['run', runId],
    ['profile', profile],
    ['level', level],
    ['seed', String(seed)],
    ['provider', cluster.provider],
    ['evidence', cluster.evidence],
    ...Object.entries(cluster.versions),
    ...nodeFacts(cluster),
    ['replay', replay],
  ];
  return Object.fromEntries(pairs.map(([name, value]) => [plainLine(name), plainLine(value)]));
}

function inconclusive(name: string, words: string): Category {
  // Allure matches the whole message.
  return { name, matchedStatuses: [Status.BROKEN], messageRegex: `.*${words}.*` };
}
