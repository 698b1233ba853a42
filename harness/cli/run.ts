import { join } from 'node:path';
import { EXIT, type ExitCode, OrdealError } from '../errors/error.ts';
import type { Plan } from '../plan/schema.ts';
import type { ClusterHandle, RunContext, Suite } from '../run/ports.ts';
import { type Control, exitCodeOf, exitCodeOfControls } from '../verdict/exit-code.ts';
import type { Outcome, Profile } from '../verdict/verdict.ts';
import { equipmentLine } from './equipment.ts';
import type { Parts } from './parts.ts';
import { conductAndReport, outFolder, planOf, providerOf, type RunOptions, suiteNames } from './runs.ts';
import { inSession } from './session.ts';

/** One of the runs whose outcome is known beforehand. */
interface ControlRun {
  plan: Plan;
  suites: readonly Suite<ClusterHandle>[];
  expected: Outcome;
  /** Below the output folder. */
  folder: string;
}

const PROFILES: readonly { profile: Profile; expected: Outcome }[] = [
  { profile: 'incident', expected: 'fail' },
  { profile: 'hardened', expected: 'pass' },
];

/**
 * `ordeal run`. With a profile (or a plan): one run, its verdict is the exit code. With neither: both profiles of each
 * suite as controls on one cluster, every incident to be refused and every hardened profile to be certified.
 */
export async function run(parts: Parts, options: RunOptions, replay: string): Promise<ExitCode> {
  const single = options.profile !== undefined || options.plan !== undefined;
  return single ? await runOne(parts, options, replay) : await runControls(parts, options, replay);
}

async function runOne(parts: Parts, options: RunOptions, replay: string): Promise<ExitCode> {
  const suite = options.plan || options.suite.length > 0 ? options.suite : suiteNames(parts);
  const { plan, suites } = await planOf(parts, { ...options, suite });
  const outDir = outFolder(options);
  const provider = await providerOf(parts, plan);
  return await inSession({ plan, outDir, quiet: options.quiet }, async (context) => {
    const cluster = await context.task(`cluster: ${provider.name}`, () => provider.up(context));
    const own = { ...context, runId: `${context.runId}-${plan.profile}` };
    const { verdict } = await conductAndReport(parts, own, { cluster, suites, replay });
    process.stdout.write(`report: ${outDir}\n`);
    return interrupted(context) ? EXIT.interrupted : exitCodeOf(verdict.verdict);
  });
}

async function runControls(parts: Parts, options: RunOptions, replay: string): Promise<ExitCode> {
  const lanes = await controlLanes(parts, options);
  const plan = largest(lanes.flat().map((each) => each.plan));
  const outDir = outFolder(options);
  const provider = await providerOf(parts, plan);
  return await inSession({ plan, outDir, quiet: options.quiet }, async (context) => {
    const cluster = await context.task(`cluster: ${provider.name}`, () => provider.up(context));
    const conductLane = async (lane: readonly ControlRun[]): Promise<Control[]> => {
      const controls: Control[] = [];
      for (const { expected, folder, plan: own, suites } of lane) {
        if (context.signal.aborted) break;
        const runId = `${context.runId}-${folder.replace('/', '-')}`;
        const within = { ...context, plan: own, outDir: join(outDir, folder), runId };
        const { verdict } = await conductAndReport(parts, within, { cluster, suites, replay });
        controls.push({ verdict, expected });
      }
      return controls;
    };
    const conducted = await (sideBySide(plan) ? inParallel : inTurn)(lanes, conductLane);
    for (const controls of conducted) await parts.reportControls(controls);
    const more = await equipmentLine(parts, plan);
    process.stdout.write(`${more}report: ${outDir}\n`);
    return interrupted(context) ? EXIT.interrupted : exitCodeOfControls(conducted.flat());
  });
}

/** A lane for each suite: its profiles, one after the other. */
async function controlLanes(parts: Parts, options: RunOptions): Promise<ControlRun[][]> {
  const names = options.suite.length > 0 ? options.suite : suiteNames(parts);
  return await Promise.all(
    names.map((name) =>
      Promise.all(
        PROFILES.map(async ({ expected, profile }) => {
          const own = { ...options, suite: [name] };
          // One refusal needs no sample size: the incident is run as small as its level goes.
          if (profile === 'incident') own.level = 'smoke';
          const folder = names.length > 1 ? `${name}/${profile}` : profile;
          return { ...(await planOf(parts, own, profile)), expected, folder };
        }),
      ),
    ),
  );
}

/** The cluster is brought up for the plan that wants the most of it. */
function largest(plans: readonly Plan[]): Plan {
  const workers = (plan: Plan) => plan.cluster.workers ?? 0;
  return plans.reduce((most, plan) => (workers(plan) >= workers(most) ? plan : most));
}

/**
 * Suites wait more than they work, and share an embedded cluster well. The release level fills the machine, and on a
 * real cluster one suite's load would be another's disturbance.
 */
function sideBySide({ cluster, level }: Plan): boolean {
  return cluster.provider === 'embedded' && level !== 'release';
}

async function inTurn<In, Out>(items: readonly In[], work: (item: In) => Promise<Out>): Promise<Out[]> {
  const results: Out[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

/** All come to their end before one's failure is thrown: nothing may be taken from under them. */
async function inParallel<In, Out>(items: readonly In[], work: (item: In) => Promise<Out>): Promise<Out[]> {
  const outcomes = await Promise.allSettled(items.map(work));
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
}

function interrupted({ signal }: RunContext): boolean {
  return signal.reason instanceof OrdealError && signal.reason.exit === EXIT.interrupted;
}
