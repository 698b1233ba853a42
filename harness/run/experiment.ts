import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { EXIT, messageOf, OrdealError } from '../errors/error.ts';
import type { EngineEvents, History, Recorder } from '../history/event.ts';
import { readHistory } from '../history/reader.ts';
import { openHistory } from '../history/writer.ts';
import { redactFolder } from '../redact/files.ts';
import { redactor } from '../redact/own.ts';
import { judge } from '../verdict/judge.ts';
import type { Verdict } from '../verdict/verdict.ts';
import { watchApi } from './api-watch.ts';
import { HISTORY_FILE, PLAN_FILE } from './files.ts';
import { leftBy } from './left.ts';
import type { ClusterHandle, Machine, RunContext, StepContext, Suite } from './ports.ts';

export interface Experiment<C extends ClusterHandle> {
  context: RunContext;
  cluster: C;
  suites: readonly Suite<C>[];
  version: string;
  /** The command that does it again. */
  replay: string;
}

/**
 * One plan on one cluster that is up: the suites' phases with everything recorded, then the judgement. The verdict of a
 * run that was cut short is inconclusive and says why.
 */
export async function conduct<C extends ClusterHandle>(experiment: Experiment<C>): Promise<Verdict> {
  const { context, suites } = experiment;
  return judge({ history: await record(experiment), suites, plan: context.plan, truncated: false });
}

/**
 * The suites' phases with everything recorded. What a phase did is undone at the end, however it ended.
 * @throws OrdealError HISTORY_UNWRITABLE (exit 4) where not all of it could be written: the run was broken off and healed.
 */
export async function record<C extends ClusterHandle>(experiment: Experiment<C>): Promise<History> {
  const { cluster, suites, version, replay } = experiment;
  const path = await begin(experiment.context);
  const unwritable = new AbortController();
  const signal = AbortSignal.any([experiment.context.signal, unwritable.signal]);
  const context = { ...experiment.context, signal };
  const { plan } = context;
  const recorder = openHistory(path, context.clock, (error) => unwritable.abort(error));
  context.follow?.(recorder.events);
  const say = <Type extends keyof EngineEvents>(type: Type, body: EngineEvents[Type]) =>
    recorder.record('harness', type, body);
  const { profile, level, requirements, seed } = plan;
  const judgedBy = { suites: plan.suites, requirements };
  say('run.started', { runId: context.runId, ordeal: version, seed, profile, level, replay, judgedBy });
  const { name, provider, versions, evidence, nodeNames } = cluster;
  say('cluster.up', { name, provider, versions, evidence, nodes: nodeNames });
  say('nodes.found', await foundBy(cluster));
  const api = watchApi(
    () => cluster.kube.version.getCode(),
    context.clock,
    (away) => say('api.away', away),
  );
  let ended: EngineEvents['run.ended'] = { outcome: 'done' };
  try {
    for (const suite of suites) await runPhases(suite, { ...context, cluster, recorder }, recorder);
    api.stop();
  } catch (error) {
    api.stop();
    const reason = context.signal.aborted ? context.signal.reason : error;
    const { code, todo } = reason instanceof OrdealError ? reason : {};
    const outcome = code === 'INTERRUPTED' ? 'interrupted' : code === 'DEADLINE' ? 'deadline' : 'failed';
    ended = { outcome, error: messageOf(reason), ...(code && { code }), ...(todo && { todo }) };
    context.log.error({ err: reason }, 'the run did not reach its end');
    const logs = join(context.outDir, 'logs');
    await cluster
      .exportLogs(logs)
      .catch((failure: unknown) => context.log.error({ err: failure }, 'logs not exported, or not all'));
    redactFolder(logs);
  }
  await unwind(context, recorder);
  if (cluster.left) say('cluster.left', await leftBy(cluster.left));
  say('run.ended', ended);
  recorder.close();
  return recorder.events;
}

/** One plan on a machine of its own: recorded there, judged here by the same rules. */
export async function conductOn<C extends ClusterHandle>(
  machine: Machine,
  of: Omit<Experiment<C>, 'cluster' | 'version'>,
): Promise<Verdict> {
  const { context, suites, replay } = of;
  const path = await begin(context);
  await context.task(`${machine.name}: profile ${context.plan.profile}`, () =>
    machine.conduct(context, replay),
  );
  const { events: history, truncated } = await readHistory(path);
  return judge({ history, suites, plan: context.plan, truncated });
}

/** Leaves the plan in the run's folder; returns the path of the history that is to come there. */
async function begin({ outDir, plan }: StepContext): Promise<string> {
  const path = join(outDir, HISTORY_FILE);
  if (existsSync(path)) {
    throw new OrdealError({
      code: 'RUN_EXISTS',
      exit: EXIT.usage,
      tried: `recording a run in ${outDir}`,
      seen: 'there is a run in it already',
      todo: 'give another folder with --out',
    });
  }
  await writeFile(join(outDir, PLAN_FILE), stringify(JSON.parse(redactor.json(plan))));
  return path;
}

async function runPhases<C extends ClusterHandle>(
  suite: Suite<C>,
  context: RunContext & { cluster: C; recorder: Recorder },
  recorder: Recorder,
): Promise<void> {
  for (const { name, run } of suite.phases(context)) {
    context.signal.throwIfAborted();
    const phase = `${suite.name}: ${name}`;
    recorder.record('harness', 'phase.entered', { phase });
    try {
      await context.task(phase, run);
      recorder.record('harness', 'phase.left', { phase, outcome: 'done' });
    } catch (error) {
      const outcome = context.signal.aborted ? 'interrupted' : 'failed';
      recorder.record('harness', 'phase.left', { phase, outcome, error: messageOf(error) });
      throw error;
    }
  }
}

/** No run ends for want of them. */
async function foundBy(cluster: ClusterHandle): Promise<EngineEvents['nodes.found']> {
  try {
    return { nodes: await cluster.found() };
  } catch (error) {
    return { unseen: messageOf(error) };
  }
}

/** What could not be undone is in the log, and the next `ordeal clean` finds it by its mark. */
async function unwind({ undo, log }: StepContext, recorder: Recorder): Promise<void> {
  for (const { title, error } of await undo.unwind()) {
    log.error({ title, error }, 'could not be undone');
    recorder.record('harness', 'undo.failed', { title, error });
  }
}
