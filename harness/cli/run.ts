import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EXIT, type ExitCode, OrdealError } from '../errors/error.ts';
import { loadPlan, parsePlan, planInvalid } from '../plan/load.ts';
import type { Plan } from '../plan/schema.ts';
import { conduct } from '../run/experiment.ts';
import type { ClusterHandle, RunContext, Suite } from '../run/ports.ts';
import { UndoStack } from '../run/undo.ts';
import { type Control, exitCodeOf, exitCodeOfControls } from '../verdict/exit-code.ts';
import type { Profile, Verdict } from '../verdict/verdict.ts';
import type { Parts } from './parts.ts';
import { inSession } from './session.ts';

export interface RunOptions {
  plan?: string;
  set: string[];
  suite: string[];
  profile?: string;
  level?: string;
  cluster?: string;
  kubernetes?: string;
  workers?: string;
  seed?: string;
  deadline?: string;
  out?: string;
  quiet: boolean;
}

/** The options as overrides of the plan; `--set` comes last and wins. */
export function overridesOf(options: RunOptions): string[] {
  const named: [string, string | undefined][] = [
    ['profile', options.profile],
    ['level', options.level],
    ['cluster.provider', options.cluster],
    ['cluster.kubernetes', options.kubernetes && JSON.stringify(options.kubernetes)],
    ['cluster.workers', options.workers],
    ['seed', options.seed],
    ['deadline', options.deadline],
  ];
  return [
    ...named.flatMap(([path, value]) => (value === undefined ? [] : [`${path}=${value}`])),
    ...options.suite.map((name, index) => `suites.${index}.name=${name}`),
    ...options.set,
  ];
}

/** The plan that the options ask for, each suite's part checked by the suite. */
async function plansOf(
  parts: Parts,
  options: RunOptions,
  profile?: Profile,
): Promise<{ plan: Plan; suites: Suite<ClusterHandle>[] }> {
  const overrides = overridesOf(profile ? { ...options, profile } : options);
  const draft = options.plan
    ? await loadPlan(options.plan, overrides)
    : parsePlan('', 'reading the command line', overrides);
  const suites = await Promise.all(
    draft.suites.map(async ({ name }, index) => {
      const load = parts.suites[name];
      if (load) return await load();
      const known = Object.keys(parts.suites).join(', ');
      throw planInvalid('choosing the suites', [
        { path: `suites.${index}.name`, message: `expected one of ${known}, got ${name}` },
      ]);
    }),
  );
  return { plan: suites.reduce((plan, suite) => suite.resolve(plan), draft), suites };
}

export async function providerOf(parts: Parts, plan: Plan) {
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
  const missing = (await provider.readiness()).filter(({ ok }) => !ok);
  if (missing.length === 0) return provider;
  throw new OrdealError({
    code: 'PROVIDER_NOT_READY',
    exit: EXIT.unable,
    tried: `using the provider ${provider.name}`,
    seen: missing.map(({ name, detail }) => `${name}: ${detail}`).join('; '),
    todo: missing.map(({ mend }) => mend ?? 'see ordeal doctor').join('; '),
  });
}

/**
 * `ordeal run`. With a profile (or a plan): one run, its verdict is the exit code. With neither: both profiles as
 * controls on one cluster, the incident to be refused and the hardened profile to be certified.
 */
export async function run(parts: Parts, options: RunOptions, replay: string): Promise<ExitCode> {
  const single = options.profile !== undefined || options.plan !== undefined;
  const wanted: Profile[] = ['incident', 'hardened'];
  const runs = single
    ? [{ ...(await plansOf(parts, options)), expected: undefined }]
    : await Promise.all(
        wanted.map(async (profile) => ({
          // One refusal needs no sample size: the incident is run as small as its level goes.
          ...(await plansOf(
            parts,
            profile === 'incident' ? { ...options, level: 'smoke' } : options,
            profile,
          )),
          expected: profile === 'incident' ? ('fail' as const) : ('pass' as const),
        })),
      );
  // The cluster is brought up for the last plan, which is the larger one.
  const { plan } = runs.at(-1) as (typeof runs)[number];
  const outDir = resolve(
    options.out ?? join('ordeal-out', new Date().toISOString().slice(0, 19).replaceAll(':', '-')),
  );
  mkdirSync(outDir, { recursive: true });
  const provider = await providerOf(parts, plan);
  return await inSession({ plan, outDir, quiet: options.quiet }, async (context) => {
    const cluster = await context.task(`cluster: ${provider.name}`, () => provider.up(context));
    const controls: Control[] = [];
    const verdicts: Verdict[] = [];
    for (const { plan: own, suites, expected } of runs) {
      if (context.signal.aborted) break;
      const verdict = await once(
        { ...context, plan: own, outDir: single ? outDir : join(outDir, own.profile) },
        cluster,
        suites,
      );
      verdicts.push(verdict);
      if (expected) controls.push({ verdict, expected });
    }
    if (!single) await parts.reportControls(controls);
    process.stdout.write(`report: ${outDir}\n`);
    const reason = context.signal.reason;
    if (reason instanceof OrdealError && reason.exit === EXIT.interrupted) return EXIT.interrupted;
    const [only] = verdicts;
    return single && only ? exitCodeOf(only.verdict) : exitCodeOfControls(controls);
  });

  async function once(
    context: RunContext,
    cluster: ClusterHandle,
    suites: Suite<ClusterHandle>[],
  ): Promise<Verdict> {
    mkdirSync(context.outDir, { recursive: true });
    // Its own undo: the cluster outlives it.
    const own = { ...context, runId: `${context.runId}-${context.plan.profile}`, undo: new UndoStack() };
    const verdict = await conduct({ context: own, cluster, suites, version: parts.version, replay });
    const { readHistory } = await import('../history/reader.ts');
    const { events } = await readHistory(join(context.outDir, 'events.jsonl'));
    const reported = {
      verdict,
      history: events,
      outDir: context.outDir,
      env: process.env,
      stdout: process.stdout,
    };
    await parts.reportAll(await parts.reporters(), reported, context.log);
    return verdict;
  }
}
