import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Clock } from '../../../harness/clock/clock.ts';
import { messageOf } from '../../../harness/errors/error.ts';
import type { KubeletVariant } from '../../../harness/plan/schema.ts';
import { servePodResources } from '../../kubelet-api/pod-resources.ts';
import type { Listening } from '../../kubelet-api/transport.ts';
import { isTerminal, mainContainers, podRequests } from '../pod.ts';
import { isExtended, parseQuantity } from '../quantity.ts';
import type { KubeletPort, KubeObject, LogOptions, Store, WatchEvent } from '../store.ts';
import type { LogLine } from './container.ts';
import { AdmissionError, DeviceManager } from './device-manager.ts';
import { eventRecorder, type PostEvent } from './event-recorder.ts';
import { type NodeFacts, nodeObject, nodeStatus, withBoot, withoutDevices } from './node-status.ts';
import { readLog } from './pod-logs.ts';
import type { PodRecord } from './pod-status.ts';
import { PodWorker, type WorkerHost } from './pod-worker.ts';
import type { ShimPool } from './shim.ts';

export interface KubeletSettings extends NodeFacts {
  /** `dp` (device plugins), `pr` (PodResources), `state` and `pods` are in it. */
  folder: string;
  startLatencyMs: number;
  /** Relative spread of the start latency, drawn uniformly to both sides. */
  jitter: number;
  backoffMs: number;
  /** Limits of the calls to plugins; the kubelet's own unless told. */
  preStartMs?: number;
  dialMs?: number;
  /** Ways in which it differs from upstream's. */
  variants?: readonly KubeletVariant[];
  seed: number;
  /** An address for a pod, that no other pod of the cluster has. */
  podIp(): string;
  /** What marks its containers' processes, beside what the pod says. */
  mark: Record<string, string>;
}

/** A kubelet writes what changed on its node at most so often; upstream takes up to 10 s. */
const STATUS_MS = 200;
/** And looks for what changed with time alone as often as upstream does. */
const SYNC_MS = 10_000;
/** The node's state folder, by the name that it has on a real node. */
const STATE_PATH = '/var/lib/ordeal';

/** One node's kubelet: its Node object, admission, pods, device manager, PodResources. */
export class Kubelet implements KubeletPort {
  readonly #settings: KubeletSettings;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #shims: ShimPool;
  readonly #event: PostEvent;
  readonly #workers = new Map<string, PodWorker>();
  /** Upstream admits pods one at a time, in the order they came. */
  readonly #admission;
  readonly #seen = new Set<string>();
  readonly #ending = new Set<string>();
  readonly #random;
  readonly #unwatch: (() => void)[] = [];
  #devices: DeviceManager;
  #podResources: Listening | undefined;
  /** The node is down: nobody admits, ends or writes anything. */
  #down = false;
  #boots = 1;
  /** Resolves when the device manager at work has started. */
  #ready: Promise<void> = Promise.resolve();
  #statusTimer: NodeJS.Timeout | undefined;
  #syncTimer: NodeJS.Timeout | undefined;

  constructor(settings: KubeletSettings, store: Store, clock: Clock, shims: ShimPool) {
    this.#shims = shims;
    this.#settings = settings;
    this.#admission = pLimit(
      settings.variants?.includes('admits-concurrently') ? Number.POSITIVE_INFINITY : 1,
    );
    this.#store = store;
    this.#clock = clock;
    this.#event = eventRecorder(store, clock, 'kubelet', settings.name);
    this.#random = xoroshiro128plus(settings.seed);
    for (const folder of ['dp', 'pr', 'state', 'pods'])
      mkdirSync(join(settings.folder, folder), { recursive: true });
    this.#devices = this.#deviceManager();
  }

  async start(): Promise<void> {
    await this.#serve();
    this.#store.create('nodes', nodeObject(this.#settings, this.#clock.wall()));
    this.#unwatch.push(
      this.#store.watchNode('pods', this.#settings.name, (event) => this.#onPod(event)),
      this.#store.watchNode('nodes', this.#settings.name, ({ type }) => {
        if (type === 'MODIFIED') this.#scheduleStatus();
      }),
    );
    this.#syncTimer = setInterval(() => this.#writeStatus(), SYNC_MS);
  }

  async stop(): Promise<void> {
    for (const unwatch of this.#unwatch) unwatch();
    clearTimeout(this.#statusTimer);
    clearInterval(this.#syncTimer);
    this.killContainers();
    await this.#ready;
    await this.#devices.stop();
    await this.#podResources?.close();
  }

  /** Without grace and without a word, at the end of the cluster. */
  killContainers(): void {
    for (const worker of this.#workers.values()) worker.kill();
  }

  /** Containers go on; device plugins have to register again; a pod that was being admitted is admitted anew. */
  async restart(): Promise<void> {
    const old = this.#devices;
    this.#devices = this.#deviceManager();
    this.#ready = this.#ready.then(async () => {
      await old.stop();
      await this.#podResources?.close();
      await this.#serve();
    });
    await this.#ready;
    this.#admitAnew();
    this.#writeStatus();
  }

  /** The node loses its power: every container ends at once, and nobody is there to write it. The disk stays as it is. */
  async powerOff(): Promise<void> {
    if (this.#down) return;
    this.#down = true;
    const ended = [...this.#workers.values()].map(async (worker) => {
      worker.lose();
      await worker.over();
    });
    await this.#ready;
    await this.#devices.cut();
    await this.#podResources?.close();
    await Promise.all(ended);
  }

  /**
   * The node boots anew: its kubelet starts, says so, and admits every pod of its that has not ended, in the order of their
   * creation, as it does at each start with those whose containers do not run.
   */
  async powerOn(): Promise<void> {
    if (!this.#down) return;
    const earlier = new Map([...this.#workers].map(([uid, { record }]) => [uid, record]));
    this.#workers.clear();
    this.#seen.clear();
    this.#ending.clear();
    this.#devices = this.#deviceManager();
    this.#boots += 1;
    this.#down = false;
    this.#ready = this.#serve();
    await this.#ready;
    this.#sayBooted();
    for (const object of this.#store.list('pods')) {
      if (object.spec?.nodeName !== this.#settings.name) continue;
      const record = earlier.get(object.metadata.uid);
      if (record) this.#workers.set(object.metadata.uid, this.#worker(object, record));
      this.#onPod({ type: 'ADDED', object });
    }
    this.#writeStatus();
  }

  #sayBooted(): void {
    const { name } = this.#settings;
    const node = this.#store.get('nodes', undefined, name);
    if (!node) return;
    const status = withBoot(node.status, name, this.#boots);
    this.#updateStatus(status);
    const message = `Node ${name} has been rebooted, boot id: ${status.nodeInfo.bootID}`;
    this.#event(node, 'Warning', 'Rebooted', message);
  }

  /** What kubelets have done to the pods that they found at their start, where their plugins had not registered yet. */
  #admitAnew(): void {
    const { variants = [] } = this.#settings;
    if (variants.length === 0) return;
    for (const { pod } of [...this.#workers.values()].map(({ record }) => record)) {
      const { name, namespace, uid } = pod.metadata;
      const stored = this.#store.get('pods', namespace, name);
      const finished = stored !== undefined && isTerminal(stored);
      const again = variants.includes(finished ? 'admits-finished-pods' : 'ends-pods-at-restart');
      const asks = mainContainers(pod).some(({ resources }) =>
        Object.keys(resources?.limits ?? {}).some((resource) => this.#devices.serves(resource)),
      );
      if (!again || !asks) continue;
      const worker = this.#workers.get(uid);
      worker?.fail('UnexpectedAdmissionError', 'Pod was rejected: Allocate failed due to no healthy devices');
      worker?.kill();
    }
  }

  logs(namespace: string, pod: string, options: LogOptions): AsyncIterable<LogLine> {
    const found = this.#store.get('pods', namespace, pod);
    const worker = found && this.#workers.get(found.metadata.uid);
    return readLog(pod, worker?.record, options, this.#clock);
  }

  #deviceManager(): DeviceManager {
    const { dialMs, folder, preStartMs, variants } = this.#settings;
    return new DeviceManager({
      folder: join(folder, 'dp'),
      clock: this.#clock,
      ...(preStartMs !== undefined && { preStartMs }),
      ...(dialMs !== undefined && { dialMs }),
      ...(variants !== undefined && { variants }),
      activePods: () => new Set(this.#activePods().map(({ metadata }) => metadata.uid)),
      changed: () => this.#scheduleStatus(),
      panic: () => void this.restart(),
    });
  }

  async #serve(): Promise<void> {
    const { folder, name } = this.#settings;
    const devices = this.#devices;
    const known = await devices.start();
    const node = this.#store.get('nodes', undefined, name);
    if (!known && node) this.#updateStatus(withoutDevices(node.status));
    this.#podResources = await servePodResources(join(folder, 'pr', 'kubelet.sock'), {
      list: () => {
        devices.freeInactive();
        return this.#activePods().map((pod) => this.#resourcesOf(pod));
      },
      allocatable: () => devices.allocatable(),
      get: (namespace, podName) => {
        const pod = this.#activePods().find(
          ({ metadata }) => metadata.namespace === namespace && metadata.name === podName,
        );
        return pod && this.#resourcesOf(pod);
      },
    });
  }

  #activePods(): KubeObject[] {
    return [...this.#workers.values()].flatMap(({ record: { pod } }) => {
      const stored = this.#store.get('pods', pod.metadata.namespace, pod.metadata.name);
      return stored?.metadata.uid === pod.metadata.uid && !isTerminal(stored) ? [stored] : [];
    });
  }

  #resourcesOf(pod: KubeObject) {
    const { name, namespace = '', uid } = pod.metadata;
    const [first] = this.#devices.allocatable();
    const shown = (id: string) =>
      this.#settings.variants?.includes('lists-first-device') ? (first?.device_ids ?? [id]) : [id];
    const containers = mainContainers(pod).map((container) => ({
      name: container.name,
      devices: this.#devices
        .held(uid, container.name)
        .flatMap(({ resource, devices }) =>
          devices.map((id) => ({ resource_name: resource, device_ids: shown(id) })),
        ),
    }));
    return { name, namespace, containers };
  }

  #onPod({ type, object: pod }: WatchEvent): void {
    if (this.#down) return;
    const { uid, deletionTimestamp } = pod.metadata;
    if (type === 'DELETED') {
      void this.#workers.get(uid)?.terminate(0);
      this.#workers.delete(uid);
      this.#seen.delete(uid);
      this.#ending.delete(uid);
    } else if (deletionTimestamp) {
      if (this.#ending.has(uid)) return;
      this.#ending.add(uid);
      void this.#remove(pod);
    } else if (!this.#seen.has(uid) && !isTerminal(pod)) {
      this.#seen.add(uid);
      void this.#admission(() => this.#admit(pod));
    }
  }

  async #remove(pod: KubeObject): Promise<void> {
    const { deletionGracePeriodSeconds = 30, name, namespace, uid } = pod.metadata;
    await this.#workers.get(uid)?.terminate(deletionGracePeriodSeconds * 1_000);
    if (this.#store.get('pods', namespace, name)?.metadata.uid === uid)
      this.#store.remove('pods', namespace, name);
  }

  /** Whether the pod is still there and to run; where the node is down, whoever comes up asks anew. */
  #wanted({ metadata: { uid } }: KubeObject): boolean {
    return !this.#down && this.#seen.has(uid) && !this.#ending.has(uid);
  }

  async #admit(pod: KubeObject): Promise<void> {
    await this.#ready;
    if (!this.#wanted(pod)) return;
    const worker = this.#workers.get(pod.metadata.uid) ?? this.#worker(pod);
    this.#workers.set(pod.metadata.uid, worker);
    const devices = this.#devices;
    try {
      await devices.admit(pod);
      this.#fit(pod);
    } catch (error) {
      if (devices !== this.#devices) return await this.#admit(pod);
      if (!this.#wanted(pod)) return;
      const { reason, message } =
        error instanceof AdmissionError
          ? error
          : new AdmissionError('UnexpectedAdmissionError', messageOf(error));
      this.#event(pod, 'Warning', reason, message);
      worker.fail(reason, `Pod was rejected: ${message}`);
      return;
    }
    if (this.#wanted(pod)) worker.start();
  }

  #worker(pod: KubeObject, earlier?: PodRecord): PodWorker {
    const { backoffMs, folder, jitter, mark, podIp, startLatencyMs } = this.#settings;
    const spread = 1 + jitter * (2 * uniformFloat64(this.#random) - 1);
    const host: WorkerHost = {
      store: this.#store,
      clock: this.#clock,
      hostIp: '127.0.0.1',
      podIp: podIp(),
      folder: join(folder, 'pods', pod.metadata.uid),
      startLatencyMs: startLatencyMs * spread,
      backoffMs,
      mark,
      shims: this.#shims,
      hostPath: (path) =>
        path === STATE_PATH || path.startsWith(`${STATE_PATH}/`)
          ? join(folder, 'state', path.slice(STATE_PATH.length))
          : path,
      // One that is starting has not read yet what it gave.
      runOptions: async (uid, container) => {
        await this.#ready;
        return await this.#devices.runOptions(uid, container);
      },
      event: this.#event,
    };
    return new PodWorker(pod, host, earlier);
  }

  /** The predicates that the kubelet checks again. @throws AdmissionError OutOf… */
  #fit(pod: KubeObject): void {
    const node = this.#store.get('nodes', undefined, this.#settings.name);
    const allocatable: Record<string, string> = node?.status?.allocatable ?? {};
    const others = this.#activePods().filter(({ metadata }) => metadata.uid !== pod.metadata.uid);
    const wanted = podRequests(pod).set('pods', 1);
    for (const [resource, amount] of wanted) {
      const capacity = allocatable[resource];
      // Devices were just allocated: the device manager knows better than the last written status.
      if (capacity === undefined || this.#devices.serves(resource)) continue;
      if (isExtended(resource) && this.#settings.variants?.includes('admits-unregistered')) continue;
      const used = others.reduce(
        (sum, other) => sum + (resource === 'pods' ? 1 : (podRequests(other).get(resource) ?? 0)),
        0,
      );
      if (used + amount <= parseQuantity(capacity) + 1e-6) continue;
      throw new AdmissionError(
        `OutOf${resource}`,
        `Node didn't have enough resource: ${resource}, requested: ${amount}, used: ${used}, capacity: ${parseQuantity(capacity)}`,
      );
    }
  }

  /** Soon, and once for whatever happens until then. */
  #scheduleStatus(): void {
    this.#statusTimer ??= setTimeout(() => {
      this.#statusTimer = undefined;
      this.#writeStatus();
    }, STATUS_MS);
  }

  #writeStatus(): void {
    const node = this.#store.get('nodes', undefined, this.#settings.name);
    if (!node || this.#down) return;
    const status = nodeStatus(node.status, this.#settings, this.#devices.stock(), this.#clock.wall());
    if (status !== node.status) this.#updateStatus(status);
  }

  #updateStatus(status: KubeObject['status']): void {
    this.#store.update('nodes', undefined, this.#settings.name, (stored) => ({ ...stored, status }), {
      status: true,
    });
  }
}
