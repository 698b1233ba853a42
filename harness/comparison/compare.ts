import { changedCluster } from '../verdict/exit-code.ts';
import type { Outcome, RequirementVerdict, Verdict } from '../verdict/verdict.ts';
import { measure, RUNS_FOR_RUN_LEVEL, standingOf } from './compare-figure.ts';
import type {
  ComparedFigure,
  ComparedRequirement,
  ComparedSide,
  Comparison,
  Standing,
} from './comparison.ts';
import { holm } from './exact.ts';
import type { Series } from './series.ts';

/** One run of a side, judged again, with what lies behind its figures. */
export interface ComparedRun {
  dir: string;
  verdict: Verdict;
  series: readonly Series[];
  /** Version of the harness that recorded it. */
  ordeal: string;
  /** Why its series could not be taken, where they could not. */
  broken?: string;
}

export interface Contest {
  baseline: { name: string; runs: readonly ComparedRun[] };
  candidate: { name: string; runs: readonly ComparedRun[] };
  candidateSet: readonly string[];
  /** By requirement, in place of the suite's. */
  margins: Readonly<Record<string, number>>;
  seed: number;
  /** Of resampling; fewer are quicker and coarser. */
  rounds?: number;
}

const ALPHA = 0.05;
const CONFIDENCE = 0.95;
/** The least adjusted p-value that a permutation can have is about twice the number of figures over this. */
const ROUNDS = 9_999;

/**
 * Compares two sides of at least one run each, all of one plan. Pure: the same runs and seed give the same comparison.
 *
 * Something worse, or a requirement that the candidate fails, refuses. Without one, anything that leaves doubt is
 * inconclusive: a run that is, or a requirement that is not shown to be no worse.
 */
export function compare(contest: Contest): Comparison {
  const { baseline, candidate, candidateSet, margins, seed, rounds = ROUNDS } = contest;
  const [first] = candidate.runs;
  if (!first || baseline.runs.length === 0) throw new RangeError('there is no run to compare');
  const measured = namesOf([...baseline.runs, ...candidate.runs]).map(({ requirement, name }) => {
    const [a, b] = [baseline, candidate].map(({ runs }) =>
      runs.flatMap(({ series }) =>
        series.filter((each) => each.requirement === requirement && each.name === name),
      ),
    ) as [Series[], Series[]];
    const settings = { confidence: CONFIDENCE, seed, rounds, margin: margins[requirement] };
    return { requirement, figure: measure(a, b, settings) };
  });
  const tested = measured.filter(({ figure }) => figure.pValue !== null);
  const adjusted = holm(tested.map(({ figure }) => figure.pValue as number));
  const repetitions = Math.min(baseline.runs.length, candidate.runs.length);
  const figures = measured.map((each) => {
    const at = tested.indexOf(each);
    const p = at < 0 ? null : (adjusted[at] as number);
    return {
      requirement: each.requirement,
      figure: standingOf(each.figure, p, { alpha: ALPHA, repetitions }),
    };
  });
  const requirements = first.verdict.requirements.map((requirement) =>
    compareRequirement(
      requirement,
      [baseline.runs, candidate.runs],
      figures.filter((each) => each.requirement === requirement.id).map(({ figure }) => figure),
    ),
  );
  const counted = requirements.filter(({ skipped }) => !skipped);
  const refusals = [...refusalsOf(counted), ...changingRuns(candidate.runs)];
  const doubts = [
    ...doubtfulRuns('baseline', baseline.runs),
    ...doubtfulRuns('candidate', candidate.runs),
    ...(counted.length === 0 ? ['no requirement was compared'] : []),
    ...counted
      .filter(({ candidate: of, notWorse, standing }) => of !== 'fail' && standing !== 'worse' && !notWorse)
      .map(({ id, title, reason }) => `${id} (${title}) is not shown to be no worse: ${reason}`),
  ];
  const reasons = [...refusals, ...doubts];
  const verdict: Outcome = refusals.length > 0 ? 'fail' : doubts.length > 0 ? 'inconclusive' : 'pass';
  return {
    schemaVersion: 1,
    verdict,
    summary: summarise(verdict, reasons, counted),
    profile: first.verdict.profile,
    level: first.verdict.level,
    seed,
    alpha: ALPHA,
    confidence: CONFIDENCE,
    baseline: sideOf(baseline),
    candidate: sideOf(candidate),
    candidateSet: [...candidateSet],
    requirements,
    reasons,
    notes: notesOf(contest, repetitions),
  };
}

function namesOf(runs: readonly ComparedRun[]): { requirement: string; name: string }[] {
  const names = new Map<string, { requirement: string; name: string }>();
  for (const { series } of runs) {
    for (const { requirement, name } of series) names.set(`${requirement} ${name}`, { requirement, name });
  }
  return [...names.values()];
}

function compareRequirement(
  { id, title, skipped }: RequirementVerdict,
  sides: readonly [readonly ComparedRun[], readonly ComparedRun[]],
  figures: ComparedFigure[],
): ComparedRequirement {
  const [baseline, candidate] = sides.map((runs) => outcomeIn(runs, id)) as [Outcome, Outcome];
  const verdicts = { baseline, candidate };
  if (skipped) {
    const reason = 'left out by the plan';
    return { id, title, ...verdicts, standing: 'unknown', notWorse: false, reason, figures, skipped };
  }
  const standing = together(figures);
  const shaky = (['baseline', 'candidate'] as const).filter((side) => verdicts[side] === 'inconclusive');
  if (shaky.length > 0) {
    const reason = `it is inconclusive in the ${shaky.join(' and in the ')}`;
    return { id, title, ...verdicts, standing: 'unknown', notWorse: false, reason, figures };
  }
  const notWorse = figures.length > 0 && figures.every((figure) => figure.notWorse);
  const telling = figures.filter((figure) => figure.standing === standing);
  // What blocks is told before what is merely not known.
  const blocking = telling.filter((figure) => notWorse || !figure.notWorse);
  const reason =
    figures.length === 0
      ? 'nothing lies behind it that could be compared'
      : blocking.map(({ name, reason: why }) => `${name}: ${why}`).join('; ');
  return { id, title, ...verdicts, standing, notWorse, reason, figures };
}

/** Worse where one is, unknown where one is, better where one is and the others are the same. */
function together(figures: readonly ComparedFigure[]): Standing {
  const has = (standing: Standing) => figures.some((figure) => figure.standing === standing);
  if (has('worse')) return 'worse';
  if (has('unknown') || figures.length === 0) return 'unknown';
  return has('better') ? 'better' : 'same';
}

/** A run that was cut short judges nothing, whatever it measured. */
function outcomeIn(runs: readonly ComparedRun[], id: string): Outcome {
  const outcomes = runs.map(({ verdict }) => {
    const own = verdict.requirements.find((each) => each.id === id)?.verdict ?? 'inconclusive';
    return own === 'fail' && verdict.verdict === 'inconclusive' ? 'inconclusive' : own;
  });
  if (outcomes.includes('fail')) return 'fail';
  return outcomes.includes('inconclusive') ? 'inconclusive' : 'pass';
}

function refusalsOf(requirements: readonly ComparedRequirement[]): string[] {
  const failing = requirements.filter(({ candidate }) => candidate === 'fail');
  return [
    ...failing
      .filter(({ baseline }) => baseline !== 'fail')
      .map(({ id, title }) => `${id} (${title}) fails, which the baseline does not`),
    ...requirements
      .filter(({ standing }) => standing === 'worse')
      .map(({ id, title, reason }) => `${id} (${title}) is worse: ${reason}`),
    ...failing
      .filter(({ baseline }) => baseline === 'fail')
      .map(({ id, title }) => `${id} (${title}) fails, as the baseline does`),
  ];
}

/** What refuses a run and is no requirement's. */
function changingRuns(runs: readonly ComparedRun[]): string[] {
  return runs
    .filter(({ verdict }) => changedCluster(verdict))
    .map(
      ({ dir, verdict: { left } }) =>
        `a run of the candidate did not leave its cluster as it was found (${dir}): ${left?.ours[0]}`,
    );
}

function doubtfulRuns(side: string, runs: readonly ComparedRun[]): string[] {
  return runs
    .filter(({ verdict }) => verdict.verdict === 'inconclusive')
    .map(({ dir, verdict }) => `a run of the ${side} is inconclusive (${dir}): ${verdict.reasons[0]}`);
}

function summarise(
  verdict: Outcome,
  reasons: readonly string[],
  requirements: readonly ComparedRequirement[],
): string {
  const more = reasons.length > 1 ? ` (and ${reasons.length - 1} more)` : '';
  if (verdict === 'fail') return `Refused: ${reasons[0]}${more}`;
  if (verdict === 'inconclusive') return `Inconclusive: ${reasons[0]}${more}`;
  const better = requirements.filter(({ standing }) => standing === 'better').map(({ id }) => id);
  const gain = better.length > 0 ? `; better: ${better.join(', ')}` : '';
  return `Certified: the candidate passed, and of ${requirements.length} requirements none is worse${gain}`;
}

function sideOf({ name, runs }: Contest['baseline']): ComparedSide {
  const [first] = runs;
  if (!first) throw new RangeError('there is no run to compare');
  const { evidence, provider, versions } = first.verdict.cluster;
  return {
    ...{ name, provider, versions, evidence },
    runs: runs.map(({ dir, verdict }) => ({
      dir,
      runId: verdict.runId,
      verdict: verdict.verdict,
      startedAt: verdict.startedAt,
    })),
  };
}

function notesOf({ baseline, candidate }: Contest, repetitions: number): string[] {
  const runs = [...baseline.runs, ...candidate.runs];
  const versions = [...new Set(runs.map(({ ordeal }) => ordeal))];
  const evidences = [...new Set(runs.map(({ verdict }) => verdict.cluster.evidence))];
  return [
    ...(repetitions < RUNS_FOR_RUN_LEVEL
      ? [
          `with fewer than ${RUNS_FOR_RUN_LEVEL} runs a side, what differs from one run to the next by chance counts as a difference of the sides`,
        ]
      : []),
    ...runs.flatMap(({ broken, dir }) => (broken ? [`nothing could be taken of ${dir}: ${broken}`] : [])),
    ...(versions.length > 1 ? [`recorded by different versions of ordeal: ${versions.join(', ')}`] : []),
    ...(evidences.length > 1 ? [`seen on different evidence: ${evidences.join(', ')}`] : []),
  ];
}
