import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { V1Pod } from '@kubernetes/client-node';
import { EXIT, type ExitCode, messageOf, OrdealError } from '../../../harness/errors/error.ts';
import { missingEnd } from '../../../harness/history/ended.ts';
import { isEventLine } from '../../../harness/history/printed.ts';
import { ReceivedHistory } from '../../../harness/history/received.ts';
import type { Kube } from '../../../harness/kube/client.ts';
import { followLog, type LogFollower } from '../../../harness/kube/follow-log.ts';
import { redactor } from '../../../harness/redact/own.ts';
import { HISTORY_FILE } from '../../../harness/run/files.ts';
import type { RunContext } from '../../../harness/run/ports.ts';
import { execIn } from '../pod-exec.ts';
import { HARNESS } from './manifests.ts';
import { type PodState, stateOf } from './pod-state.ts';

const START_MS = 120_000;
/** What a harness may take to heal, tear down and compare after its deadline or a signal. */
export const GRACE_MS = 180_000;
const LOOK_MS = 500;
/** Of what it said, as many lines as tell why it failed. */
const TOLD_LINES = 8;

/**
 * Attends a harness's Job to its end: its progress is shown, its history is written as it comes, and an interruption is
 * passed on. A history whose harness went gets the end that it could not write, which makes the run inconclusive.
 * @throws OrdealError HARNESS_NOT_STARTED (exit 4); HARNESS_FAILED with the exit code of the harness; HARNESS_LOST (exit 2)
 * where nothing was recorded.
 */
export async function attend(kube: Kube, namespace: string, context: RunContext): Promise<void> {
  const { clock, log, signal } = context;
  const hearing = new Hearing(context);
  let pod: string | undefined;
  let follower: LogFollower | undefined;
  let state: PodState = { is: 'waiting', why: 'nothing was seen of it' };
  let asked = false;
  let askedMono: number | undefined;
  const startedMono = clock.mono();
  const follow = (name: string) =>
    followLog({
      ...{ kube, namespace, pod: name, container: HARNESS, clock },
      onLine: (line) => hearing.take(line),
      onTrouble: (what) => log.warn({ what }, 'the log of the harness in the cluster'),
    });
  for (;;) {
    const pods = await podsOf(kube, namespace, log);
    if (pods) {
      state = stateOf(pods, pod !== undefined);
      pod ??= pods[0]?.metadata?.name;
    }
    if (state.is === 'running' && pod) follower ??= follow(pod);
    if (state.is === 'ended' || state.is === 'gone') break;
    if (state.is === 'waiting' && clock.mono() - startedMono > START_MS) throw notStarted(state.why);
    if (hearing.failure !== undefined || signal.aborted) {
      askedMono ??= clock.mono();
      // Before it said anything it has made nothing, and would not hear a signal.
      if (!hearing.heard) {
        state = { is: 'gone', why: 'it was not begun with' };
        break;
      }
      if (clock.mono() - askedMono > GRACE_MS) {
        state = { is: 'gone', why: `it did not end in ${GRACE_MS / 1_000} s after it was asked to` };
        break;
      }
      // Its own deadline is the same one.
      if (!asked && !(hearing.failure === undefined && isDeadline(signal)))
        asked = await interrupt(kube, namespace, pod as string, log);
    }
    await clock.sleep(LOOK_MS);
  }
  if (pod) await (follower ?? follow(pod)).stop();
  hearing.end(state);
}

function notStarted(why: string): OrdealError {
  return new OrdealError({
    code: 'HARNESS_NOT_STARTED',
    exit: EXIT.unable,
    tried: `starting the harness in the cluster, for ${START_MS / 1_000} s`,
    seen: why,
    todo: 'see that cluster.workloadImage names an image made by `ordeal images build`, and that the nodes have it and half a processor free',
  });
}

async function podsOf(
  kube: Kube,
  namespace: string,
  log: RunContext['log'],
): Promise<readonly V1Pod[] | undefined> {
  try {
    return (await kube.core.listNamespacedPod({ namespace })).items;
  } catch (error) {
    // An API server that is away for a while ends nothing; for how long, the harness itself records.
    log.warn({ reason: messageOf(error) }, 'the pod of the harness in the cluster was not seen');
    return undefined;
  }
}

function isDeadline({ reason }: AbortSignal): boolean {
  return reason instanceof OrdealError && reason.code === 'DEADLINE';
}

async function interrupt(
  kube: Kube,
  namespace: string,
  pod: string,
  log: RunContext['log'],
): Promise<boolean> {
  try {
    await execIn({ kube, namespace, pod, container: HARNESS }, ['sh', '-c', 'kill -INT 1']);
    return true;
  } catch (error) {
    log.warn({ reason: messageOf(error) }, 'the harness in the cluster was not told to end');
    return false;
  }
}

/** What comes of a harness: its history into the run's folder, all else to who looks on. */
class Hearing {
  /** Why the history could not be written. */
  failure: unknown;
  readonly #context: RunContext;
  readonly #path: string;
  readonly #received = new ReceivedHistory();
  /** A cut stream is read again from its start. */
  readonly #said = new Set<string>();

  constructor(context: RunContext) {
    this.#context = context;
    this.#path = join(context.outDir, HISTORY_FILE);
    context.follow?.(this.#received.events);
  }

  get heard(): boolean {
    return this.#said.size > 0;
  }

  take(line: string): void {
    if (isEventLine(line)) {
      // It has passed the redactor there, which does not know this machine's secrets.
      const event = this.#received.take(redactor.text(line));
      if (event) this.#write(event);
      return;
    }
    if (this.#said.has(line)) return;
    this.#said.add(line);
    this.#context.log.info({ harness: 'in the cluster' }, line);
    this.#context.progress(/^ *[\d.]+ s {2}(.*)$/.exec(line)?.[1] ?? line);
  }

  /** Closes the history. @throws OrdealError, or what kept it from being written. */
  end(state: PodState): void {
    if (this.failure !== undefined) throw this.failure;
    const { events } = this.#received;
    if (state.is === 'ended' && state.code !== EXIT.certified) throw this.#failed(state.code);
    const cut = state.is === 'gone' ? state.why : this.#received.missing();
    if (events.length === 0) {
      this.#context.signal.throwIfAborted();
      throw this.#lost(cut ?? 'it recorded nothing');
    }
    if (cut === undefined) return;
    for (const event of missingEnd(events, `the harness in the cluster: ${cut}`, this.#context.clock.wall()))
      this.#write(event);
    if (this.failure !== undefined) throw this.failure;
  }

  #write(event: object): void {
    try {
      appendFileSync(this.#path, `${JSON.stringify(event)}\n`);
    } catch (error) {
      this.failure ??= error;
    }
  }

  #failed(code: number): OrdealError {
    // Ended by somebody else before it recorded anything. All others but these say that Node did not get so far.
    if (code === EXIT.interrupted) return this.#lost('it was interrupted in the cluster');
    const own = [EXIT.usage, EXIT.unable].find((exit) => exit === code);
    return this.#error('HARNESS_FAILED', own ?? EXIT.defect, `exit code ${code}`);
  }

  #lost(cut: string): OrdealError {
    return this.#error('HARNESS_LOST', EXIT.inconclusive, cut);
  }

  #error(code: string, exit: ExitCode, how: string): OrdealError {
    const last = [...this.#said].slice(-TOLD_LINES);
    return new OrdealError({
      code,
      exit,
      tried: 'running the harness in the cluster',
      seen: [how, ...last].join('\n  '),
      todo: 'do what it says; without --in-cluster the same plan runs from here',
    });
  }
}
