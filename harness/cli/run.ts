import { join } from 'node:path';
import { EXIT, type ExitCode } from '../errors/error.ts';
import { type EngineEvents, eventsOf, type History } from '../history/event.ts';
import type { Plan } from '../plan/schema.ts';
import type { ClusterHandle, ControlPlace, LiveMetrics, RunContext, Suite } from '../run/ports.ts';
import { type Control, exitCodeOf, exitCodeOfControls } from '../verdict/exit-code.ts';
import type { Outcome, Profile } from '../verdict/verdict.ts';
import { equipmentLine } from './equipment.ts';
import { explained } from './explain.ts';
import { withMetrics } from './metrics.ts';
import { outFolder, type RunOptions, suiteNames, withScenarios } from './options.ts';
import type { Parts } from './parts.ts';
import { planOf } from './plan-of.ts';
import { conductAndReport, type Ground, groundFor } from './runs.ts';
import { inSession, interrupted } from './session.ts';

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
 * `ordeal run`. With a profile (or a plan, or rows of the catalogue): one run, its verdict is the exit code. With none of
 * them: both profiles of each suite as controls on one cluster, every incident to be refused and every hardened profile to
 * be certified.
 */
export async function run(parts: Parts, asked: RunOptions, replay: string): Promise<ExitCode> {
  const options = withScenarios(parts, asked);
  const rows = options !== asked;
  const single = options.profile !== undefined || options.plan !== undefined || rows;
  const conducted = single ? runOne : runControls;
  if (options.dryRun) return await conducted(parts, options, replay);
  return await withMetrics(parts, options, (metrics) => conducted(parts, options, replay, metrics));
}

async function runOne(
  parts: Parts,
  options: RunOptions,
  replay: string,
  metrics?: LiveMetrics,
): Promise<ExitCode> {
  const suite = options.plan || options.suite.length > 0 ? options.suite : suiteNames(parts);
  const { plan, suites } = await planOf(parts, { ...options, suite });
  if (options.dryRun) return explain([{ plan, suites }]);
  const outDir = outFolder(options);
  const groundUp = await groundFor(parts, plan);
  return await inSession({ plan, outDir, quiet: options.quiet }, async (context) => {
    const ground = await groundUp(context);
    const own = { ...context, runId: `${context.runId}-${plan.profile}` };
    const { history, verdict } = await conductAndReport(parts, own, { ground, suites, replay, metrics });
    process.stdout.write(`report: ${outDir}\n`);
    const brokenOff = toldBrokenOff(history);
    if (brokenOff !== undefined) return brokenOff;
    return interrupted(context) ? EXIT.interrupted : exitCodeOf(verdict.verdict);
  });
}

async function runControls(
  parts: Parts,
  options: RunOptions,
  replay: string,
  metrics?: LiveMetrics,
): Promise<ExitCode> {
  const lanes = await controlLanes(parts, options);
  if (options.dryRun) return explain(lanes.flat());
  const plan = largest(plansOf(lanes));
  const outDir = outFolder(options);
  const places = await placesOf(parts, lanes);
  return await inSession({ plan, outDir, quiet: options.quiet }, async (context) => {
    let brokenOff: ExitCode | undefined;
    const conductLane = async ({ lane, ground: up }: Place): Promise<Control[]> => {
      const ground = await up(context);
      const controls: Control[] = [];
      for (const { expected, folder, plan: own, suites } of lane) {
        if (context.signal.aborted) break;
        const runId = `${context.runId}-${folder.replace('/', '-')}`;
        const within = { ...context, plan: own, outDir: join(outDir, folder), runId };
        const of = { ground, suites, replay, expected, metrics };
        const { history, verdict } = await conductAndReport(parts, within, of);
        brokenOff = toldBrokenOff(history) ?? brokenOff;
        const refusedFor = suites.flatMap((suite) => suite.refusedFor);
        controls.push({ verdict, expected, refusedFor });
      }
      return controls;
    };
    const conducted = await (sideBySide(plan, places) ? inParallel : inTurn)(places, conductLane);
    for (const controls of conducted) await parts.reportControls(controls);
    await parts
      .writeIndex(outDir, indexed(lanes, conducted))
      .catch((error: unknown) => context.log.error({ err: error }, 'no index of the controls was written'));
    const more = await equipmentLine(parts, plan);
    process.stdout.write(`${more}report: ${outDir}\n`);
    if (brokenOff !== undefined) return brokenOff;
    return interrupted(context) ? EXIT.interrupted : exitCodeOfControls(conducted.flat());
  });
}

/** Each control with its place; those that an interrupted run did not come to have no outcome. */
function indexed(lanes: readonly ControlRun[][], conducted: readonly Control[][]): ControlPlace[][] {
  return lanes.map((lane, at) =>
    lane.map(({ expected, folder, plan }, index) => ({
      suite: plan.suites.map(({ name }) => name).join(', '),
      profile: plan.profile,
      expected,
      folder,
      ...(conducted[at]?.[index] && { control: conducted[at][index] }),
    })),
  );
}

/** `--dry-run`: a YAML document for each run. */
function explain(runs: readonly Pick<ControlRun, 'plan' | 'suites'>[]): ExitCode {
  process.stdout.write(runs.map(({ plan, suites }) => explained(plan, suites)).join('---\n'));
  return EXIT.certified;
}

/** A lane for each suite: its profiles, one after the other. */
async function controlLanes(parts: Parts, options: RunOptions): Promise<ControlRun[][]> {
  const names = options.suite.length > 0 ? options.suite : suiteNames(parts);
  return await inParallel(names, (name) =>
    inParallel(PROFILES, async ({ expected, profile }) => {
      const own = { ...options, suite: [name] };
      // One refusal needs no sample size: the incident is run as small as its level goes.
      if (profile === 'incident') own.level = 'smoke';
      const folder = names.length > 1 ? `${name}/${profile}` : profile;
      return { ...(await planOf(parts, own, profile)), expected, folder };
    }),
  );
}

function plansOf(lanes: readonly (readonly ControlRun[])[]): Plan[] {
  return lanes.flat().map(({ plan }) => plan);
}

/** The plan that wants the most of a cluster, which is brought up for it. */
function largest(plans: readonly Plan[]): Plan {
  const workers = (plan: Plan) => plan.cluster.workers ?? 0;
  const most = plans.reduce((most, plan) => (workers(plan) >= workers(most) ? plan : most));
  return { ...most, cluster: { ...most.cluster, tunnel: plans.some(({ cluster }) => cluster.tunnel) } };
}

interface Place {
  lane: readonly ControlRun[];
  /** Brings up what the lane is conducted on, once. */
  ground(session: RunContext): Promise<Ground>;
  /** On a machine of its own, with no other lane. */
  apart: boolean;
}

/** Where each lane is conducted: all that run on this machine share a cluster. */
async function placesOf(parts: Parts, lanes: readonly ControlRun[][]): Promise<Place[]> {
  const apart = await Promise.all(
    lanes.map(async (lane) => (await parts.machineFor(largest(plansOf([lane])))) !== undefined),
  );
  const here = plansOf(lanes.filter((_, index) => !apart[index]));
  const shared = here.length > 0 ? await groundFor(parts, largest(here)) : undefined;
  let up: Promise<Ground> | undefined;
  return await Promise.all(
    lanes.map(async (lane, index): Promise<Place> => {
      if (!apart[index] && shared)
        return { lane, apart: false, ground: (session) => (up ??= shared(session)) };
      return { lane, apart: true, ground: await groundFor(parts, largest(plansOf([lane]))) };
    }),
  );
}

/**
 * Suites wait more than they work, and share an embedded cluster well. The release level fills the machine, a guest
 * has one processor and wants the whole of it, and on a real cluster one suite's load would be another's disturbance.
 */
function sideBySide({ cluster, level }: Plan, places: readonly Place[]): boolean {
  return cluster.provider === 'embedded' && level !== 'release' && places.every(({ apart }) => !apart);
}

async function inTurn<In, Out>(items: readonly In[], work: (item: In) => Promise<Out>): Promise<Out[]> {
  const results: Out[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

/**
 * All come to their end before one's failure is thrown: nothing may be taken from under them, and of several failures
 * the first one's is thrown, whichever came first.
 */
async function inParallel<In, Out>(items: readonly In[], work: (item: In) => Promise<Out>): Promise<Out[]> {
  const outcomes = await Promise.allSettled(items.map(work));
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
}

/** What ends a run in another way than by a verdict, with its exit code: no sample would have changed it. */
const BROKEN_OFF: Readonly<Record<string, ExitCode>> = {
  BLAST_RADIUS: EXIT.usage,
  FAULT_NOT_GUARDED: EXIT.unable,
  JOURNAL_UNWRITABLE: EXIT.unable,
};

/** The exit code of a run that ended at a fault that may not or cannot be injected; says so on standard error. */
function toldBrokenOff(history: History): ExitCode | undefined {
  const ended = eventsOf<EngineEvents['run.ended']>(history, 'run.ended').at(-1)?.body;
  const exit = BROKEN_OFF[ended?.code ?? ''];
  if (exit !== undefined) {
    process.stderr.write(`${ended?.code}: ${ended?.error}\n  do: ${ended?.todo ?? 'see the report'}\n`);
  }
  return exit;
}
