import type { V1Pod } from '@kubernetes/client-node';
import pLimit from 'p-limit';
import { z } from 'zod';
import type { Clock } from '../../harness/clock/clock.ts';
import { messageOf } from '../../harness/errors/error.ts';
import type { Recorder } from '../../harness/history/event.ts';
import type { Kube } from '../../harness/kube/client.ts';
import { podLogAtLast } from '../../harness/kube/pod-log.ts';
import { watchResource } from '../../harness/kube/watch.ts';
import { TRAINER } from './checkpoints/job.ts';
import type { PodSeen, SuiteEvents } from './events.ts';
import { RESOURCE } from './settings.ts';
import { MAIN } from './workload/jobs.ts';

const ProbeLine = z.object({
  ordeal: z.literal('probe'),
  n: z.int(),
  exit: z.int(),
  usable: z.array(z.string()),
  worked: z.array(z.string()).nullable(),
  frameworks: z.record(z.string(), z.int().nonnegative().nullable()).nullable(),
  visible: z.string(),
  allocation: z.string(),
});

/** Log reads at once; each is one request on the kept-alive agent. */
const LOG_READS = 8;

/** Watches one namespace's pods into the history, and reads what their containers saw. */
export class Observer {
  readonly #kube: Kube;
  readonly #namespace: string;
  readonly #recorder: Recorder;
  readonly #clock: Clock;
  readonly #limit = pLimit(LOG_READS);
  readonly #pods = new Map<string, PodSeen>();
  /** The UIDs of each Job's pods: a run has thousands, of which one is asked after at every event. */
  readonly #ofJob = new Map<string, Set<string>>();
  readonly #read = new Map<string, Promise<void>>();
  readonly #onSeen = new Set<() => void>();
  #watch: ReturnType<typeof watchResource<V1Pod>> | undefined;

  constructor(kube: Kube, namespace: string, recorder: Recorder, clock: Clock) {
    this.#kube = kube;
    this.#namespace = namespace;
    this.#recorder = recorder;
    this.#clock = clock;
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#watch = watchResource<V1Pod>({
      kube: this.#kube,
      path: `/api/v1/namespaces/${this.#namespace}/pods`,
      onEvent: (type, pod) => this.#onPod(pod, type === 'DELETED'),
      onTrouble: (what, missed) => this.#say('watch.trouble', { what, ...(missed && { missed }) }),
      clock: this.#clock,
      signal,
    });
    await this.#watch.synced;
  }

  /** Pods of these Jobs, as last seen. */
  podsOf(jobs: ReadonlySet<string>): PodSeen[] {
    return [...jobs].flatMap((job) =>
      [...(this.#ofJob.get(job) ?? [])].map((uid) => this.#pods.get(uid) as PodSeen),
    );
  }

  /** Resolves as soon as what was seen of the pods fulfils a condition, or after so long. @throws the signal's reason */
  async until(condition: () => boolean, ms: number, signal: AbortSignal): Promise<void> {
    let check = () => {};
    const fulfilled = new Promise<void>((resolve) => {
      check = () => {
        if (condition()) resolve();
      };
    });
    this.#onSeen.add(check);
    await Promise.race([fulfilled, this.#clock.sleep(ms, signal)]).finally(() => this.#onSeen.delete(check));
  }

  /** Resolves when the logs of every finished container seen so far are in the history. */
  async logsRead(): Promise<void> {
    await Promise.all(this.#read.values());
  }

  /** Reads what is still running, too, and ends. */
  async stop(): Promise<void> {
    for (const pod of this.#pods.values()) if (!pod.gone && started(pod)) this.#readLog(pod);
    await this.logsRead();
    await this.#watch?.stop();
  }

  #say<Type extends keyof SuiteEvents>(type: Type, body: SuiteEvents[Type]): void {
    this.#recorder.record('suite/gpu', type, body);
  }

  #onPod(pod: V1Pod, gone: boolean): void {
    // It makes no looks at its GPUs, and is watched by whoever made it.
    if (pod.metadata?.labels?.[TRAINER] !== undefined) return;
    const seen = snapshot(pod, gone);
    const before = this.#pods.get(seen.uid);
    if (JSON.stringify(before) === JSON.stringify(seen)) return;
    this.#pods.set(seen.uid, seen);
    if (seen.job !== null) {
      const uids = this.#ofJob.get(seen.job) ?? new Set();
      this.#ofJob.set(seen.job, uids.add(seen.uid));
    }
    this.#recorder.record(`pod/${seen.namespace}/${seen.name}`, 'pod.seen', seen);
    // One that is told to go takes what it has said with it: it is heard while its grace lasts.
    const over = seen.phase === 'Succeeded' || seen.phase === 'Failed' || seen.deleting;
    if (!gone && started(seen) && over) this.#readLog(seen);
    for (const check of this.#onSeen) check();
  }

  #readLog(pod: PodSeen): void {
    if (this.#read.has(pod.uid)) return;
    this.#read.set(
      pod.uid,
      this.#limit(async () => {
        try {
          await this.#readNow(pod);
        } catch (error) {
          this.#say('gpu.log-unreadable', { podUid: pod.uid, pod: pod.name, reason: messageOf(error) });
        }
      }),
    );
  }

  async #readNow(pod: PodSeen): Promise<void> {
    const container = pod.bystander ? 'bystander' : MAIN;
    const lines = await podLogAtLast(this.#kube, pod.namespace, pod.name, container, this.#clock);
    if (pod.bystander) {
      const [first] = lines;
      if (first) this.#say('bystander.started', { podUid: pod.uid, at: first.at });
      return;
    }
    const attempt = pod.containers.find(({ name }) => name === container)?.restartCount ?? 0;
    for (const { at, line } of lines) {
      const probe = ProbeLine.safeParse(safeJson(line));
      if (!probe.success) continue;
      const { allocation, exit, frameworks, n, usable, visible, worked } = probe.data;
      this.#recorder.record(`pod/${pod.namespace}/${pod.name}`, 'gpu.probe', {
        podUid: pod.uid,
        pod: pod.name,
        namespace: pod.namespace,
        container,
        attempt,
        at,
        n,
        exit,
        usable,
        worked,
        frameworks,
        visible: visible === '' ? [] : visible.split(','),
        allocation,
      });
    }
  }
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function started(pod: PodSeen): boolean {
  return pod.containers.some((container) => container.started);
}

/** What of a pod the suite judges by. */
function snapshot(pod: V1Pod, gone: boolean): PodSeen {
  const { metadata = {}, spec, status } = pod;
  const gpus = (spec?.containers ?? []).reduce(
    (sum, { resources }) => sum + Number(resources?.limits?.[RESOURCE] ?? 0),
    0,
  );
  return {
    uid: metadata.uid ?? '',
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    node: spec?.nodeName ?? null,
    job: metadata.labels?.['batch.kubernetes.io/job-name'] ?? null,
    bystander: metadata.labels?.['ordeal.dev/bystander'] === 'true',
    phase: status?.phase ?? 'Pending',
    reason: status?.reason ?? null,
    createdAt: Date.parse(
      String(
        metadata.creationTimestamp instanceof Date
          ? metadata.creationTimestamp.toISOString()
          : metadata.creationTimestamp,
      ),
    ),
    deleting: metadata.deletionTimestamp !== undefined,
    gone,
    gpus,
    containers: (status?.containerStatuses ?? []).map(({ name, restartCount, state, lastState }) => ({
      name,
      restartCount,
      started:
        state?.running !== undefined ||
        state?.terminated !== undefined ||
        lastState?.terminated !== undefined,
      finished: state?.terminated !== undefined,
      exitCode: state?.terminated?.exitCode ?? null,
      waiting: state?.waiting?.reason ?? null,
    })),
  };
}
