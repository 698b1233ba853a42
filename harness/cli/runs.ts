/** What the commands that run plans have in common. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EXIT, OrdealError } from '../errors/error.ts';
import type { History } from '../history/event.ts';
import { readHistory } from '../history/reader.ts';
import { loadPlan, parsePlan, planInvalid } from '../plan/load.ts';
import type { Plan } from '../plan/schema.ts';
import { refuseForeseen } from '../radius/forecast.ts';
import { withRadius } from '../radius/resolve.ts';
import { conduct, conductOn } from '../run/experiment.ts';
import { HISTORY_FILE } from '../run/files.ts';
import type { ClusterHandle, LiveMetrics, RunContext, Suite } from '../run/ports.ts';
import { UndoStack } from '../run/undo.ts';
import { isUnhealed } from '../verdict/faults.ts';
import type { Outcome, Profile, Verdict } from '../verdict/verdict.ts';
import type { Parts } from './parts.ts';

/** The reporter without whose file a run has no verdict. */
const VERDICT_REPORTER = 'json';

export interface RunOptions {
  plan?: string;
  set: string[];
  suite: string[];
  /** Rows of the failure catalogue. */
  scenario?: string[];
  profile?: string;
  level?: string;
  cluster?: string;
  context?: string;
  kubeconfig?: string;
  /** The harness itself runs in the cluster, which is someone’s. */
  inCluster?: boolean;
  isolation?: string;
  kubernetes?: string;
  workers?: string;
  seed?: string;
  deadline?: string;
  out?: string;
  quiet: boolean;
  dryRun?: boolean;
  metrics?: string[];
}

/** What runs where neither a plan nor the command line names a suite. */
export function suiteNames({ scenarios, suites }: Pick<Parts, 'scenarios' | 'suites'>): string[] {
  return Object.keys(suites).filter((name) => name !== scenarios.suite);
}

/** Rows of the catalogue as what they are to a plan: one suite more, whose settings name them. */
export function withScenarios(parts: Pick<Parts, 'scenarios'>, options: RunOptions): RunOptions {
  const { scenario = [], set, suite } = options;
  if (scenario.length === 0) return options;
  const rows = `suites.${suite.length}.settings.scenarios=${JSON.stringify(scenario)}`;
  return { ...options, suite: [...suite, parts.scenarios.suite], set: [rows, ...set] };
}

/** Suites as overrides of a plan. */
function suiteOverrides(names: readonly string[]): string[] {
  return names.map((name, index) => `suites.${index}.name=${name}`);
}

const IN_CLUSTER: [string, string][] = [
  ['cluster.inCluster', 'true'],
  ['cluster.provider', 'existing'],
];

/** The options as overrides of the plan; `--set` comes last and wins. */
export function overridesOf(options: RunOptions): string[] {
  const named: [string, string | undefined][] = [
    ['profile', options.profile],
    ['level', options.level],
    // Before what is named outright, which may be wrong with it and has to be told so.
    ...(options.inCluster ? IN_CLUSTER : []),
    ['cluster.provider', options.cluster],
    ['cluster.context', options.context && JSON.stringify(options.context)],
    ['cluster.kubeconfig', options.kubeconfig && JSON.stringify(resolve(options.kubeconfig))],
    ['cluster.isolation', options.isolation],
    ['cluster.kubernetes', options.kubernetes && JSON.stringify(options.kubernetes)],
    ['cluster.workers', options.workers],
    ['seed', options.seed],
    ['deadline', options.deadline],
  ];
  return [
    ...named.flatMap(([path, value]) => (value === undefined ? [] : [`${path}=${value}`])),
    ...suiteOverrides(options.suite),
    ...options.set,
  ];
}

/** The suites that a plan names. @throws OrdealError PLAN_INVALID (exit 3) for one that there is not. */
export async function suitesOf(parts: Pick<Parts, 'suites'>, plan: Plan): Promise<Suite<ClusterHandle>[]> {
  return await Promise.all(
    plan.suites.map(async ({ name }, index) => {
      const load = parts.suites[name];
      if (load) return await load();
      const known = Object.keys(parts.suites).join(', ');
      throw planInvalid('choosing the suites', [
        { path: `suites.${index}.name`, message: `expected one of ${known}, got ${name}` },
      ]);
    }),
  );
}

/**
 * A plan with everything that it leaves out filled in, each suite's part checked by the suite and its faults against the
 * blast radius.
 * @throws OrdealError PLAN_INVALID, BLAST_RADIUS (exit 3)
 */
export function resolvedPlan(draft: Plan, suites: readonly Suite<ClusterHandle>[]): Plan {
  const resolved = suites.reduce((plan, suite) => suite.resolve(plan), draft);
  const plan = withRadius(
    resolved,
    suites.map(({ radius }) => radius),
  );
  refuseForeseen(
    plan,
    suites.map((suite) => suite.forecast(plan)),
  );
  return plan;
}

/** The plan that the options ask for, each suite's part checked by the suite. */
export async function planOf(
  parts: Pick<Parts, 'suites'>,
  options: RunOptions,
  profile?: Profile,
): Promise<{ plan: Plan; suites: Suite<ClusterHandle>[] }> {
  const overrides = overridesOf(profile ? { ...options, profile } : options);
  const draft = options.plan
    ? await loadPlan(options.plan, overrides)
    : parsePlan('', 'reading the command line', overrides);
  const suites = await suitesOf(parts, draft);
  return { plan: resolvedPlan(draft, suites), suites };
}

export async function providerOf(parts: Pick<Parts, 'providers'>, plan: Plan) {
  const load = parts.providers[plan.cluster.provider];
  if (!load) {
    const known = Object.keys(parts.providers).join(', ');
    throw planInvalid('choosing the cluster', [
      {
        path: 'cluster.provider',
        message: `expected one of ${known} in this version, got ${plan.cluster.provider}`,
      },
    ]);
  }
  const provider = await load();
  const missing = (await provider.readiness(plan)).filter(({ ok }) => !ok);
  if (missing.length === 0) return provider;
  throw new OrdealError({
    code: 'PROVIDER_NOT_READY',
    exit: EXIT.unable,
    tried: `using the provider ${provider.name}`,
    seen: missing.map(({ name, detail }) => `${name}: ${detail}`).join('; '),
    todo: missing.map(({ mend }) => mend ?? 'see ordeal doctor').join('; '),
  });
}

/** Where a command's files go, made. */
export function outFolder({ out }: RunOptions): string {
  const named = out ?? join('ordeal-out', new Date().toISOString().slice(0, 19).replaceAll(':', '-'));
  const folder = resolve(named);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** What a session's runs are conducted on: a cluster that is up, or a machine of its own. */
export type Ground = (
  context: RunContext,
  of: { suites: readonly Suite<ClusterHandle>[]; replay: string; version: string },
) => Promise<Verdict>;

/**
 * How to bring up what a plan's runs are conducted on.
 * @throws OrdealError (exit 3 or 4) where this machine cannot do it, before anything is touched.
 */
export async function groundFor(parts: Parts, plan: Plan): Promise<(context: RunContext) => Promise<Ground>> {
  const provider = await providerOf(parts, plan);
  const machineUp = await parts.machineFor(plan);
  if (machineUp) {
    return async (session) => {
      const machine = await session.task('machine', () => machineUp(session));
      return (context, of) => conductOn(machine, { context, ...of });
    };
  }
  return async (session) => {
    const cluster = await session.task(`cluster: ${provider.name}`, () => provider.up(session));
    return (context, of) => conduct({ context, cluster, ...of });
  };
}

/** One plan on a ground that is up, judged and reported; on the console too unless it is to be quiet. */
export async function conductAndReport(
  parts: Parts,
  context: RunContext,
  of: {
    ground: Ground;
    suites: readonly Suite<ClusterHandle>[];
    replay: string;
    quiet?: boolean;
    expected?: Outcome;
    metrics?: LiveMetrics | undefined;
  },
): Promise<{ verdict: Verdict; history: History }> {
  const { ground, metrics, quiet, replay, suites, ...expectation } = of;
  const { outDir, runId } = context;
  mkdirSync(outDir, { recursive: true });
  // Its own undo: the ground outlives it.
  const own: RunContext = { ...context, undo: new UndoStack() };
  if (metrics) own.follow = (history) => metrics.follow(runId, history);
  const verdict = await ground(own, { suites, version: parts.version, replay });
  for (const { healEvidence, kind, target } of verdict.faults.filter(isUnhealed)) {
    // So that the session's caretaker heals what the journal still lists.
    context.undo.push(`fault ${kind} on ${target}`, () => Promise.reject(new Error(healEvidence)));
  }
  const { events: history } = await readHistory(join(outDir, HISTORY_FILE));
  const formats = (await parts.reporters()).filter(({ speaks }) => !(quiet && speaks));
  const reporters = metrics ? [...formats, metrics.reporter] : formats;
  const { env, stdout } = process;
  const timeline = () => suites.flatMap((suite) => suite.timeline(history));
  const about = { verdict, history, timeline, outDir, env, stdout, ...expectation };
  const { failed } = await parts.reportAll(reporters, about, context.log);
  for (const { error, reporter } of failed) process.stderr.write(`no report ${reporter}: ${error}\n`);
  // A pipeline that sees exit 0 may go by the file alone.
  if (failed.some(({ reporter }) => reporter === VERDICT_REPORTER)) throw noVerdict(outDir);
  return { verdict, history };
}

function noVerdict(outDir: string): OrdealError {
  return new OrdealError({
    code: 'VERDICT_UNWRITTEN',
    exit: EXIT.unable,
    tried: `writing the verdict into ${outDir}`,
    seen: 'it could not be written, as told above',
    todo: `make room, then run \`ordeal report ${outDir}\`, which judges the history that is there`,
  });
}
