import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../../harness/clock/clock.ts';
import { messageOf } from '../../../harness/errors/error.ts';
import type { ContainerAllocateResponse } from '../../kubelet-api/messages.ts';
import type { KubeObject, Store } from '../store.ts';
import { Container, link } from './container.ts';
import { dataOf, environmentOf, expand } from './environment.ts';
import type { PostEvent } from './event-recorder.ts';
import {
  type ContainerRecord,
  type PodRecord,
  phaseOf,
  podRecord,
  restarts,
  statusOf,
} from './pod-status.ts';

/**
 * Of the start latency, the part that making the sandbox takes: PreStartContainer comes after it and before the
 * container is created. On the lab's containerd the sandbox, with its network, was the larger part.
 */
const SANDBOX_SHARE = 0.6;

export interface WorkerHost {
  store: Store;
  clock: Clock;
  hostIp: string;
  podIp: string;
  /** Folder of this pod's containers. */
  folder: string;
  /** Milliseconds from admission to a container's first act, jitter included. */
  startLatencyMs: number;
  /** First pause before a container is started again; it doubles, up to 5 minutes. */
  backoffMs: number;
  runId: string;
  /** Shows a path of the node's (`/var/lib/ordeal/…`) as a path of this machine. */
  hostPath(path: string): string;
  runOptions(podUid: string, container: string): Promise<ContainerAllocateResponse[]>;
  event: PostEvent;
}

/** A start that could not be made, as `state.waiting` shows it. */
class StartError extends Error {
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** One pod on its node, from after its admission to its removal. */
export class PodWorker {
  readonly record: PodRecord;
  readonly #host: WorkerHost;
  readonly #ending = new AbortController();
  #written = '';
  #done: Promise<void> = Promise.resolve();

  constructor(pod: KubeObject, host: WorkerHost) {
    this.#host = host;
    this.record = podRecord(pod, host.hostIp, host.podIp, host.clock.wall());
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
    rmSync(this.#host.folder, { recursive: true, force: true });
  }

  /** At the end of the cluster: without grace and without a word. */
  kill(): void {
    this.#ending.abort(new Error('the cluster ends'));
    for (const { current } of this.#containers()) current?.abandon();
  }

  #containers(): ContainerRecord[] {
    return [...this.record.init, ...this.record.main];
  }

  async #live(): Promise<void> {
    const { clock, startLatencyMs } = this.#host;
    const { signal } = this.#ending;
    this.#write();
    mkdirSync(this.#host.folder, { recursive: true });
    await clock.sleep(startLatencyMs * SANDBOX_SHARE, signal);
    for (const record of this.record.init) {
      if (!(await this.#initialise(record))) return;
    }
    await Promise.all(this.record.main.map((record) => this.#keepRunning(record)));
  }

  /** False where its failure ended the pod. */
  async #initialise(record: ContainerRecord): Promise<boolean> {
    for (;;) {
      await this.#startUntilStarted(record);
      await record.current?.ended;
      this.#ending.signal.throwIfAborted();
      if (record.current?.exitCode === 0) return true;
      if (phaseOf(this.record) === 'Failed') {
        this.#write();
        return false;
      }
      await this.#backOff(record);
    }
  }

  async #keepRunning(record: ContainerRecord): Promise<void> {
    for (;;) {
      await this.#startUntilStarted(record);
      await record.current?.ended;
      this.#ending.signal.throwIfAborted();
      if (!restarts(this.record.pod, record.current?.exitCode)) {
        this.#write();
        return;
      }
      await this.#backOff(record);
    }
  }

  async #backOff(record: ContainerRecord): Promise<void> {
    const { clock, backoffMs, event } = this.#host;
    this.#write();
    // As the kubelet: the first restart comes at once, each later one after a pause that doubles.
    const pause = record.restarts === 0 ? 0 : Math.min(300_000, backoffMs * 2 ** (record.restarts - 1));
    if (record.current) record.previous = record.current;
    delete record.current;
    record.restarts += 1;
    record.waiting = {
      reason: 'CrashLoopBackOff',
      message: `back-off ${pause} ms restarting failed container=${record.spec.name}`,
    };
    if (pause > 0) {
      event(
        this.record.pod,
        'Warning',
        'BackOff',
        `Back-off restarting failed container ${record.spec.name}`,
      );
      this.#write();
      await clock.sleep(pause, this.#ending.signal);
    }
  }

  /** A start that fails is tried again after a pause, as the kubelet's next sync does. */
  async #startUntilStarted(record: ContainerRecord): Promise<void> {
    const { clock, backoffMs, event } = this.#host;
    for (;;) {
      this.#ending.signal.throwIfAborted();
      try {
        await this.#startContainer(record);
        return;
      } catch (error) {
        this.#ending.signal.throwIfAborted();
        const reason = error instanceof StartError ? error.reason : 'CreateContainerError';
        record.waiting = { reason, message: messageOf(error) };
        event(this.record.pod, 'Warning', 'Failed', `Error: ${messageOf(error)}`);
        this.#write();
        await clock.sleep(backoffMs, this.#ending.signal);
      }
    }
  }

  async #startContainer(record: ContainerRecord): Promise<void> {
    const { clock, event, folder, runId, startLatencyMs, store } = this.#host;
    const { pod } = this.record;
    const { spec } = record;
    let given: ContainerAllocateResponse[];
    try {
      given = await this.#host.runOptions(pod.metadata.uid, spec.name);
    } catch (error) {
      throw new StartError('CreateContainerConfigError', messageOf(error));
    }
    await clock.sleep(startLatencyMs * (1 - SANDBOX_SHARE), this.#ending.signal);
    const root = join(folder, `${spec.name}-${record.restarts}`);
    let env: Record<string, string>;
    try {
      this.#furnish(root, record, given);
      env = environmentOf({ ...this.record, container: spec, given, store, host: process.env, root, runId });
    } catch (error) {
      throw new StartError('CreateContainerConfigError', messageOf(error));
    }
    const argv = [...(spec.command ?? []), ...(spec.args ?? [])].map((word) => expand(word, env));
    if (!spec.command?.length) {
      throw new StartError(
        'CreateContainerError',
        'no command specified: embedded pulls no image whose entry point it could run',
      );
    }
    const cwd = spec.workingDir ? join(root, spec.workingDir) : root;
    mkdirSync(cwd, { recursive: true });
    try {
      record.current = await Container.start({ argv, env, root, cwd }, clock);
    } catch (error) {
      throw new StartError('RunContainerError', messageOf(error));
    }
    if (this.#ending.signal.aborted) record.current.signal('SIGKILL');
    event(pod, 'Normal', 'Started', `Started container ${spec.name}`);
    // The container may be over by the time its start is written; the pod's last status says so.
    this.#write();
  }

  /** The container's root folder: what a runtime would mount is linked. */
  #furnish(root: string, { spec }: ContainerRecord, given: readonly ContainerAllocateResponse[]): void {
    const { hostPath } = this.#host;
    rmSync(root, { recursive: true, force: true });
    mkdirSync(root, { recursive: true });
    for (const { mounts = [], devices = [] } of given) {
      for (const { container_path, host_path } of mounts) link(root, container_path, hostPath(host_path));
      for (const { container_path, host_path } of devices) link(root, container_path, hostPath(host_path));
    }
    for (const { name, mountPath, subPath } of spec.volumeMounts ?? []) {
      link(root, mountPath, join(this.#volume(name), subPath ?? ''));
    }
  }

  /** A volume's folder, made when first asked for. */
  #volume(name: string): string {
    const { pod } = this.record;
    // biome-ignore lint/suspicious/noExplicitAny: a volume has one field of many; only those below are served.
    const volume = (pod.spec?.volumes ?? []).find((candidate: any) => candidate.name === name);
    if (!volume) throw new Error(`the pod has no volume ${name}`);
    if (volume.hostPath) return this.#host.hostPath(volume.hostPath.path);
    const folder = join(this.#host.folder, 'volumes', name);
    mkdirSync(folder, { recursive: true });
    if (volume.emptyDir) return folder;
    const { store } = this.#host;
    if (!volume.configMap && !volume.secret)
      throw new Error(`volume ${name} is of no kind that embedded serves`);
    const data = volume.configMap
      ? dataOf({ pod, store }, { configMapRef: volume.configMap })
      : dataOf({ pod, store }, { secretRef: { ...volume.secret, name: volume.secret.secretName } });
    for (const [key, text] of Object.entries(data)) writeFileSync(join(folder, key), text);
    return folder;
  }

  #write(): void {
    const { clock, store } = this.#host;
    const { pod } = this.record;
    const current = store.get('pods', pod.metadata.namespace, pod.metadata.name);
    if (current?.metadata.uid !== pod.metadata.uid) return;
    const status = statusOf({ ...this.record, pod: current }, clock.wall());
    const text = JSON.stringify(status);
    if (text === this.#written) return;
    this.#written = text;
    store.update('pods', pod.metadata.namespace, pod.metadata.name, (stored) => ({ ...stored, status }), {
      status: true,
    });
  }
}
