import { statSync } from 'node:fs';
import { join } from 'node:path';
import { compare } from '../comparison/compare.ts';
import { type PlannedRun, pastRuns } from '../comparison/past-runs.ts';
import { repeatedRuns } from '../comparison/repeated-runs.ts';
import { planDifferences } from '../comparison/same-plan.ts';
import { EXIT, type ExitCode, OrdealError } from '../errors/error.ts';
import { runFolders } from '../gate/read.ts';
import type { Plan } from '../plan/schema.ts';
import { PLAN_FILE } from '../run/files.ts';
import type { ClusterHandle, LiveMetrics, Suite } from '../run/ports.ts';
import { exitCodeOf } from '../verdict/exit-code.ts';
import { withMetrics } from './metrics.ts';
import { outFolder, type RunOptions, suiteNames } from './options.ts';
import type { Parts } from './parts.ts';
import { planOf, suitesOf } from './plan-of.ts';
import { conductAndReport, groundFor } from './runs.ts';
import { inSession, interrupted } from './session.ts';

export interface CertifyOptions extends RunOptions {
  baseline: string;
  candidate: string;
  repeat: string;
  candidateSet: string[];
  margin: string[];
}

const SIDES = ['baseline', 'candidate'] as const;
type SideName = (typeof SIDES)[number];

/** A side that is still to run, on clusters of its own. */
interface Live {
  plan: Plan;
  suites: readonly Suite<ClusterHandle>[];
  up: Awaited<ReturnType<typeof groundFor>>;
}

/**
 * `ordeal certify`: whether a candidate is no worse than a baseline. Sides that are clusters are run in turns, each time
 * on a cluster brought up for it, so that what the machine does in the meantime falls on both.
 */
export async function certify(parts: Parts, options: CertifyOptions, replay: string): Promise<ExitCode> {
  const margins = marginsOf(options.margin);
  const repeat = countOf(options.repeat);
  const past = { baseline: isFolder(options.baseline), candidate: isFolder(options.candidate) };
  const model = SIDES.find((side) => past[side]);
  const planFile =
    options.plan ?? (model && join((await runFolders(options[model]))[0] as string, PLAN_FILE));
  const live: Partial<Record<SideName, Live>> = {};
  for (const side of SIDES) if (!past[side]) live[side] = await liveSide(parts, options, side, planFile);
  if (live.baseline && live.candidate)
    refuseDifferences(options, [live.baseline.plan, live.candidate.plan], options.candidateSet);

  const outDir = outFolder(options);
  const ended = await withMetrics(parts, options, async (metrics) => {
    for (let repetition = 1; repetition <= repeat; repetition++) {
      for (const side of SIDES) {
        const own = live[side];
        if (!own) continue;
        const folder = join(outDir, side, String(repetition));
        const told = { side, repetition, repeat, quiet: options.quiet, replay, metrics };
        if (await conducted(parts, own, folder, told)) return EXIT.interrupted;
      }
    }
    return EXIT.certified;
  });
  if (ended === EXIT.interrupted) return ended;
  const [baseline, candidate] = (await Promise.all(
    SIDES.map((side) =>
      pastRuns([past[side] ? options[side] : join(outDir, side)], (plan) => suitesOf(parts, plan)),
    ),
  )) as [PlannedRun[], PlannedRun[]];
  refuseRepeated([...baseline, ...candidate]);
  const plan = onePlan(options, baseline, candidate);
  const comparison = compare({
    baseline: { name: options.baseline, runs: baseline.map(({ run }) => run) },
    candidate: { name: options.candidate, runs: candidate.map(({ run }) => run) },
    candidateSet: options.candidateSet,
    margins: { ...plannedMargins(plan), ...margins },
    seed: plan.seed,
  });
  await parts.reportComparison(comparison, outDir);
  process.stdout.write(`report: ${outDir}\n`);
  return exitCodeOf(comparison.verdict);
}

async function liveSide(
  parts: Parts,
  options: CertifyOptions,
  side: SideName,
  planFile: string | undefined,
): Promise<Live> {
  const [provider = '', kubernetes] = options[side].split('@');
  if (!(provider in parts.providers)) {
    const known = Object.keys(parts.providers).join(', ');
    throw usage(
      `--${side} ${options[side]} is neither a folder nor a cluster`,
      `name a past run’s folder, or one of ${known}, with @ and a version of Kubernetes where it takes one`,
    );
  }
  const { plan, suites } = await planOf(parts, {
    ...options,
    ...(planFile === undefined ? {} : { plan: planFile }),
    suite: planFile !== undefined || options.suite.length > 0 ? options.suite : suiteNames(parts),
    cluster: provider,
    ...(kubernetes === undefined ? {} : { kubernetes }),
    set: side === 'candidate' ? [...options.set, ...options.candidateSet] : options.set,
  });
  return { plan, suites, up: await groundFor(parts, plan) };
}

/** One run of a side; true where somebody interrupted it. */
async function conducted(
  parts: Parts,
  { plan, suites, up }: Live,
  outDir: string,
  told: {
    side: SideName;
    repetition: number;
    repeat: number;
    quiet: boolean;
    replay: string;
    metrics: LiveMetrics | undefined;
  },
): Promise<boolean> {
  const { metrics, quiet, repeat, repetition, replay, side } = told;
  return await inSession({ plan, outDir, quiet }, async (context) => {
    const ground = await up(context);
    const own = { ...context, runId: `${context.runId}-${side}-${repetition}` };
    const { verdict } = await conductAndReport(parts, own, { ground, suites, replay, quiet: true, metrics });
    if (!quiet) process.stdout.write(`${side} ${repetition} of ${repeat}: ${verdict.summary}\n`);
    return interrupted(context);
  });
}

function refuseRepeated(runs: readonly PlannedRun[]): void {
  const seen = repeatedRuns(runs.map(({ run }) => run));
  if (seen.length === 0) return;
  throw new OrdealError({
    code: 'RUN_REPEATED',
    exit: EXIT.usage,
    tried: 'comparing runs of two sides',
    seen: seen.join('; '),
    todo: 'give each run once, on one side: a run is always as good as itself, and a copy of it shows nothing more',
  });
}

/** The plan of all runs. */
function onePlan(
  options: CertifyOptions,
  baseline: readonly PlannedRun[],
  candidate: readonly PlannedRun[],
): Plan {
  const [first] = baseline;
  if (!first) throw new RangeError('a side has no run');
  for (const { plan } of baseline) refuseDifferences(options, [first.plan, plan], []);
  for (const { plan } of candidate) refuseDifferences(options, [first.plan, plan], options.candidateSet);
  return first.plan;
}

function refuseDifferences(
  { baseline, candidate }: CertifyOptions,
  [one, other]: readonly [Plan, Plan],
  declared: readonly string[],
): void {
  const seen = planDifferences(one, other, declared);
  if (seen.length === 0) return;
  throw new OrdealError({
    code: 'PLANS_DIFFER',
    exit: EXIT.usage,
    tried: `comparing ${candidate} with ${baseline}`,
    seen: `their runs are not of one plan: ${seen.join('; ')}`,
    todo: 'give runs of one plan, profile, level and seed; what is to differ is named with --candidate-set path=value',
  });
}

function plannedMargins({ requirements }: Plan): Record<string, number> {
  return Object.fromEntries(
    Object.entries(requirements).flatMap(([id, { margin }]) => (margin === undefined ? [] : [[id, margin]])),
  );
}

function marginsOf(margins: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    margins.map((text) => {
      const [, id, figure] = /^([\w-]+)=(\d+(?:\.\d+)?)$/.exec(text) ?? [];
      if (id === undefined || !(Number(figure) > 0))
        throw usage(
          `--margin ${text} is no margin`,
          'give a requirement and a figure above 0, such as GPU-4=50',
        );
      return [id, Number(figure)];
    }),
  );
}

function countOf(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw usage(`--repeat ${text} is no number of runs`, 'give a whole number from 1 to 9999');
}

function isFolder(side: string): boolean {
  return statSync(side, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function usage(seen: string, todo: string): OrdealError {
  return new OrdealError({
    code: 'CERTIFY_USAGE',
    exit: EXIT.usage,
    tried: 'reading the command line',
    seen,
    todo,
  });
}
