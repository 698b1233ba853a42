/** What the commands that run plans have in common, once there is a plan. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, OrdealError } from '../errors/error.ts';
import type { History } from '../history/event.ts';
import { readHistory } from '../history/reader.ts';
import type { Plan } from '../plan/schema.ts';
import { conduct, conductOn } from '../run/experiment.ts';
import { HISTORY_FILE } from '../run/files.ts';
import type { ClusterHandle, LiveMetrics, RunContext, Suite } from '../run/ports.ts';
import { UndoStack } from '../run/undo.ts';
import { isUnhealed } from '../verdict/faults.ts';
import type { Outcome, Verdict } from '../verdict/verdict.ts';
import type { Parts } from './parts.ts';
import { providerOf } from './provider-of.ts';

/** The reporter without whose file a run has no verdict. */
const VERDICT_REPORTER = 'json';

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
