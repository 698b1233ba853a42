import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../harness/clock/clock.ts';
import { messageOf } from '../../../harness/errors/error.ts';
import type { ContainerAllocateResponse } from '../../kubelet-api/messages.ts';
import type { ContainerSpec, ProbeKind } from '../pod.ts';
import { SANDBOX_SHARE } from '../settings.ts';
import type { KubeObject } from '../store.ts';
import { findProgram } from './command.ts';
import { Container, link } from './container.ts';
import { DEFAULT_PATH, environmentOf, expand } from './environment.ts';
import type { PostEvent } from './event-recorder.ts';
import { PodProbes } from './pod-probes.ts';
import {
  type ContainerRecord,
  LOST,
  type PodRecord,
  phaseOf,
  podRecord,
  restarts,
  statusOf,
} from './pod-status.ts';
import { wordOf } from './prober.ts';
import { RestartBackoff } from './restart-backoff.ts';
import type { ShimPool, Task } from './shim.ts';
import { type VolumeHost, volumePath } from './volumes.ts';

/** Taken once: reading process.env asks the system each time. */
const HOST_ENV = { ...process.env };

export interface WorkerHost extends VolumeHost {
  clock: Clock;
  hostIp: string;
  podIp: string;
  /** Milliseconds from admission to a container's first act, jitter included. */
  startLatencyMs: number;
  /** First pause before a container is started again; it doubles, up to 5 minutes. */
  backoffMs: number;
  mark: Record<string, string>;
  shims: ShimPool;
  runOptions(podUid: string, container: ContainerSpec): Promise<ContainerAllocateResponse[]>;
  event: PostEvent;
}

/** A start that could not be made, as `state.waiting` shows it. */
class StartError extends Error {
  readonly reason: string;

  constructor(reason: string, cause: unknown) {
    super(messageOf(cause));
    this.reason = reason;
  }
}

/** One pod on its node, from after its admission to its removal. */
export class PodWorker {
  readonly record: PodRecord;
  readonly #host: WorkerHost;
  readonly #ending = new AbortController();
  readonly #probes: PodProbes;
  /** Containers that a probe ended. */
  readonly #unwell = new WeakSet<Container>();
  #written = '';
  #done: Promise<void> = Promise.resolve();

  /** @param earlier the pod as it was when its node went down */
  constructor(pod: KubeObject, host: WorkerHost, earlier?: PodRecord) {
    this.#host = host;
    this.record = podRecord(pod, host.hostIp, host.podIp, host.clock.wall());
    if (earlier) takeUp(this.record, earlier);
    this.#probes = new PodProbes(this.record, host, {
      changed: () => this.#write(),
      unwell: (record, kind, container) => void this.#endUnwell(record, kind, container),
    });
    this.#ending.signal.addEventListener('abort', () => this.#probes.stop());
  }

  /** Starts the pod's life; never rejects. */
  start(): void {
    this.#done = this.#live().catch((error: unknown) => {
      if (!this.#ending.signal.aborted) this.fail('KubeletError', messageOf(error));
    });
  }

  /** Ends the pod with a reason of the kubelet's. */
  fail(reason: string, message: string): void {
    this.record.failed = { reason, message };
    this.#write();
  }

  /** Ends its containers within the grace, and writes how they ended. */
  async terminate(graceMs: number): Promise<void> {
    const running = this.#containers().filter(({ current }) => current?.running);
    for (const { spec } of running)
      this.#host.event(this.record.pod, 'Normal', 'Killing', `Stopping container ${spec.name}`);
    this.#ending.abort(new Error('the pod is being deleted'));
    await Promise.all(running.map(({ current }) => current?.stop(graceMs)));
    await this.#done;
    this.#write();
    // What a process that has left its container's group still writes there goes with the cluster's folder.
    await rm(this.#host.folder, { recursive: true, force: true }).catch(() => undefined);
  }

  /** Its node goes down: as at the end of the cluster, but that a kubelet comes back to it. */
  lose(): void {
    for (const { current } of this.#containers()) if (current?.running) current.lost = true;
    this.kill();
  }

  /** Resolves when its containers have ended. */
  async over(): Promise<void> {
    await Promise.all(this.#containers().map(({ current }) => current?.ended));
  }

  /** At the end of the cluster: without grace and without a word. */
  kill(): void {
    this.#ending.abort(new Error('the cluster ends'));
    for (const { current } of this.#containers()) current?.signal('SIGKILL');
  }

  #containers(): ContainerRecord[] {
    return [...this.record.init, ...this.record.main];
  }

  async #live(): Promise<void> {
    const { clock, startLatencyMs } = this.#host;
    this.#write();
    const due = this.record.main.filter(({ current }) => !current);
    if (due.length === 0) return;
    this.#probes.start();
    await clock.sleep(startLatencyMs * SANDBOX_SHARE, this.#ending.signal);
    this.record.sandboxed = true;
    for (const record of this.record.init) {
      await this.#run(record, (exitCode) => exitCode !== 0 && this.record.pod.spec.restartPolicy !== 'Never');
      if (record.current?.exitCode !== 0) return;
    }
    const again = (exitCode: number) => restarts(this.record.pod, exitCode);
    await Promise.all(due.map((record) => this.#run(record, again)));
    this.#probes.stop();
  }

  /**
   * A container that failed its liveness or startup probe is ended; #run starts it again. Where nothing of the pod would be
   * left running or started again, it is the pod that is ended, as upstream does: with the pod's grace, not the probe's.
   */
  async #endUnwell({ spec }: ContainerRecord, kind: ProbeKind, container: Container): Promise<void> {
    const { main, pod } = this.record;
    const { restartPolicy, terminationGracePeriodSeconds } = pod.spec;
    const never = restartPolicy === 'Never';
    const whole = never && main.every(({ current }) => current === container || !current?.running);
    const failed = `Container ${spec.name} failed ${wordOf(kind)} probe`;
    const message = whole
      ? `Stopping container ${spec.name}`
      : `${failed}${never ? '' : ', will be restarted'}`;
    this.#host.event(pod, 'Normal', 'Killing', message);
    this.#unwell.add(container);
    const own = whole ? undefined : spec[kind]?.terminationGracePeriodSeconds;
    await container.stop((own ?? terminationGracePeriodSeconds) * 1_000);
  }

  /** Starts a container, again and again as `again` says of its exit code. */
  async #run(record: ContainerRecord, again: (exitCode: number) => boolean): Promise<void> {
    const backoff = new RestartBackoff(this.#host.backoffMs);
    for (;;) {
      const container = await this.#startUntilStarted(record);
      await container.ended;
      this.#ending.signal.throwIfAborted();
      const unwell = this.#unwell.has(container);
      const restarted = unwell
        ? this.record.pod.spec.restartPolicy !== 'Never'
        : again(container.exitCode as number);
      if (!restarted) break;
      const ended = container.finishedAt as number;
      // One that a probe ended is started in the same breath, whatever its exit code: what counts is the end before.
      const since = unwell ? record.previous?.finishedAt : ended;
      if (unwell) this.#retire(record);
      else this.#write();
      if (since === undefined) continue;
      if (backoff.remainingMs(since, this.#host.clock.wall()) > 0)
        await this.#backOff(record, backoff, ended);
      backoff.started(since, this.#host.clock.wall());
    }
    if (phaseOf(this.record) === 'Failed' || record.current?.exitCode !== undefined) this.#write();
  }

  async #backOff(record: ContainerRecord, backoff: RestartBackoff, ended: number): Promise<void> {
    const { clock, event } = this.#host;
    const { pod } = this.record;
    const whose = `${record.spec.name} pod=${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;
    this.#retire(record);
    record.waiting = {
      reason: 'CrashLoopBackOff',
      message: `back-off ${backoff.pauseMs / 1_000}s restarting failed container=${whose}`,
    };
    event(
      pod,
      'Warning',
      'BackOff',
      `Back-off restarting failed container ${whose.replace('pod=', 'in pod ')}`,
    );
    this.#write();
    await clock.sleep(backoff.remainingMs(ended, clock.wall()), this.#ending.signal);
  }

  #retire(record: ContainerRecord): void {
    if (record.current) record.previous = record.current;
    delete record.current;
  }

  /** A start that fails is tried again after a pause, as the kubelet's next sync does. */
  async #startUntilStarted(record: ContainerRecord): Promise<Container> {
    const { backoffMs, clock, event } = this.#host;
    for (;;) {
      this.#ending.signal.throwIfAborted();
      try {
        return await this.#startContainer(record);
      } catch (error) {
        this.#ending.signal.throwIfAborted();
        if (!(error instanceof StartError)) throw error;
        this.#retire(record);
        record.waiting = { reason: error.reason, message: error.message };
        event(this.record.pod, 'Warning', 'Failed', `Error: ${error.message}`);
        this.#write();
        await clock.sleep(backoffMs, this.#ending.signal);
      }
    }
  }

  async #startContainer(record: ContainerRecord): Promise<Container> {
    const { clock, event, startLatencyMs } = this.#host;
    const { pod } = this.record;
    const { spec } = record;
    event(pod, 'Normal', 'Pulled', `Container image "${spec.image}" already present on machine`);
    const given = await this.#host
      .runOptions(pod.metadata.uid, spec)
      .catch((error: unknown) => Promise.reject(new StartError('CreateContainerConfigError', error)));
    await clock.sleep(startLatencyMs * (1 - SANDBOX_SHARE), this.#ending.signal);
    const task = await this.#create(record, given);
    event(pod, 'Normal', 'Created', `Created container: ${spec.name}`);
    const id = `${pod.metadata.uid}-${spec.name}-${record.attempts}`;
    let container: Container;
    try {
      container = new Container(id, task, this.#host.shims, clock);
    } catch (error) {
      throw new StartError('RunContainerError', error);
    }
    this.#retire(record);
    record.current = container;
    record.attempts += 1;
    record.started = !spec.startupProbe;
    record.ready = !spec.readinessProbe;
    if (record.started) this.#probes.noticed(record);
    if (this.#ending.signal.aborted) container.signal('SIGKILL');
    event(pod, 'Normal', 'Started', `Started container ${spec.name}`);
    this.#write();
    return container;
  }

  /** The container's root folder, environment and command. @throws StartError. */
  async #create(record: ContainerRecord, given: readonly ContainerAllocateResponse[]): Promise<Task> {
    const { folder, mark, store } = this.#host;
    const { spec } = record;
    const root = join(folder, `${spec.name}-${record.attempts}`);
    let env: Record<string, string>;
    try {
      // What an attempt to create it left behind; its own start, when there was one, has another number.
      if (record.waiting.message !== undefined) await rm(root, { recursive: true, force: true });
      this.#furnish(root, record, given);
      env = environmentOf({ ...this.record, container: spec, given, store, host: HOST_ENV, root, mark });
    } catch (error) {
      throw new StartError('CreateContainerConfigError', error);
    }
    const [command, ...args] = [...(spec.command ?? []), ...(spec.args ?? [])].map((word) =>
      expand(word, env),
    );
    if (!spec.command?.length || command === undefined)
      throw new StartError(
        'CreateContainerError',
        'no command specified: embedded runs no image’s entry point',
      );
    try {
      const cwd = join(root, spec.workingDir ?? '');
      if (spec.workingDir) mkdirSync(cwd, { recursive: true });
      return { argv: [findProgram(command, root, HOST_ENV.PATH ?? DEFAULT_PATH), ...args], env, cwd };
    } catch (error) {
      throw new StartError('RunContainerError', error);
    }
  }

  /** What a runtime would mount is linked. */
  #furnish(root: string, { spec }: ContainerRecord, given: readonly ContainerAllocateResponse[]): void {
    mkdirSync(root, { recursive: true });
    for (const { mounts = [], devices = [] } of given) {
      for (const { container_path, host_path } of [...mounts, ...devices])
        link(root, container_path, this.#host.hostPath(host_path));
    }
    for (const { name, mountPath, subPath } of spec.volumeMounts ?? [])
      link(root, mountPath, join(volumePath(this.record.pod, name, this.#host), subPath ?? ''));
  }

  #write(): void {
    const { clock, store } = this.#host;
    const { name, namespace, uid } = this.record.pod.metadata;
    const current = store.get('pods', namespace, name);
    if (current?.metadata.uid !== uid) return;
    const status = statusOf({ ...this.record, pod: current }, clock.wall());
    const text = JSON.stringify(status);
    if (text === this.#written) return;
    this.#written = text;
    store.update('pods', namespace, name, (stored) => ({ ...stored, status }), { status: true });
  }
}

/**
 * What a kubelet finds of a pod whose node went down: its sandbox and containers are over. Those that its policy does not
 * start again stay as they ended; init containers run again, for the sandbox is another.
 */
function takeUp(record: PodRecord, earlier: PodRecord): void {
  record.startTime = earlier.startTime;
  if (earlier.failed) record.failed = earlier.failed;
  const resume = (
    now: ContainerRecord,
    before: ContainerRecord | undefined,
    over: (last: Container) => boolean,
  ) => {
    const last = before?.current ?? before?.previous;
    if (!before || !last) return;
    now.attempts = before.attempts;
    if (over(last)) now.current = last;
    else now.previous = last;
  };
  const stays = ({ exitCode, lost }: Container) => !restarts(record.pod, lost ? LOST : exitCode);
  for (const [index, now] of record.main.entries()) resume(now, earlier.main[index], stays);
  const over = record.main.every(({ current }) => current);
  for (const [index, now] of record.init.entries()) resume(now, earlier.init[index], () => over);
}
