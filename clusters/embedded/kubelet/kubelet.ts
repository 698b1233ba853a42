import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Clock } from '../../../harness/clock/clock.ts';
import { servePodResources } from '../../kubelet-api/pod-resources.ts';
import type { Listening } from '../../kubelet-api/transport.ts';
import { timestamp } from '../memory-store.ts';
import { isTerminal, mainContainers, podRequests, withCondition } from '../pod.ts';
import { parseQuantity } from '../quantity.ts';
import { type KubeletPort, type KubeObject, type LogOptions, StatusError, type Store } from '../store.ts';
import type { LogLine } from './container.ts';
import { AdmissionError, DeviceManager } from './device-manager.ts';
import { eventRecorder, type PostEvent } from './event-recorder.ts';
import { PodWorker } from './pod-worker.ts';

export interface NodeSettings {
  name: string;
  /** `dp` (device plugins), `pr` (PodResources), `state` and `pods` are in it. */
  folder: string;
  role: 'control-plane' | 'worker';
  cpu: string;
  memory: string;
  startLatencyMs: number;
  /** Relative spread of the start latency, drawn uniformly to both sides. */
  jitter: number;
  backoffMs: number;
  preStartMs?: number;
  seed: number;
  runId: string;
  version: string;
}

/** A kubelet writes what changed on its node at most so often; upstream takes up to 10 s. */
const STATUS_MS = 200;
/** The node's state folder, by the name that it has on a real node. */
const STATE_PATH = '/var/lib/ordeal';

/** One node's kubelet: its Node object, admission, pods, device manager, PodResources. */
export class Kubelet implements KubeletPort {
  readonly #settings: NodeSettings;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #event: PostEvent;
  readonly #workers = new Map<string, PodWorker>();
  /** Pods are admitted one at a time, in the order they came. */
  readonly #admission = pLimit(1);
  readonly #seen = new Set<string>();
  readonly #ending = new Set<string>();
  readonly #random;
  readonly #unwatch: (() => void)[] = [];
  #devices: DeviceManager;
  #podResources: Listening | undefined;
  #statusTimer: NodeJS.Timeout | undefined;
  #addresses = 0;

  constructor(settings: NodeSettings, store: Store, clock: Clock) {
    this.#settings = settings;
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
    this.#store.create('nodes', this.#node());
    this.#unwatch.push(
      this.#store.watch('pods', ({ type, object }) => {
        if (object.spec?.nodeName === this.#settings.name) this.#onPod(type, object);
      }),
      this.#store.watch('nodes', ({ type, object }) => {
        if (type === 'MODIFIED' && object.metadata.name === this.#settings.name) this.#scheduleStatus();
      }),
    );
  }

  async stop(): Promise<void> {
    for (const unwatch of this.#unwatch) unwatch();
    clearTimeout(this.#statusTimer);
    for (const worker of this.#workers.values()) worker.kill();
    await this.#close();
  }

  /** Containers go on; device plugins have to register again. */
  async restart(): Promise<void> {
    await this.#admission(async () => {
      await this.#close();
      this.#devices = this.#deviceManager();
      await this.#serve();
      this.#scheduleStatus();
    });
  }

  async *logs(namespace: string, pod: string, options: LogOptions): AsyncIterable<LogLine> {
    const found = this.#store.get('pods', namespace, pod);
    const worker = found && this.#workers.get(found.metadata.uid);
    const records = worker ? [...worker.record.init, ...worker.record.main] : [];
    const record = records.find(({ spec }) => spec.name === options.container);
    const container = options.previous ? record?.previous : (record?.current ?? record?.previous);
    if (!container) {
      const what = options.previous ? 'previous terminated container' : 'container';
      throw new StatusError(
        400,
        'BadRequest',
        `${what} "${options.container}" in pod "${pod}" is waiting to start: ${record?.waiting.reason ?? 'not found'}`,
      );
    }
    const since = options.sinceTime
      ? Date.parse(options.sinceTime)
      : options.sinceSeconds !== undefined
        ? this.#clock.wall() - options.sinceSeconds * 1_000
        : 0;
    const kept = container.lines.filter(({ time }) => Date.parse(time) >= since);
    let at = options.tailLines === undefined ? 0 : Math.max(0, kept.length - options.tailLines);
    for (; at < kept.length; at++) yield kept[at] as LogLine;
    if (!options.follow) return;
    let next = container.lines.length;
    while (!options.signal.aborted) {
      for (; next < container.lines.length; next++) yield container.lines[next] as LogLine;
      if (!container.running && next >= container.lines.length) return;
      await new Promise<void>((resolve) => {
        const wake = () => {
          container.listeners.delete(wake);
          options.signal.removeEventListener('abort', wake);
          resolve();
        };
        container.listeners.add(wake);
        options.signal.addEventListener('abort', wake);
      });
    }
  }

  #deviceManager(): DeviceManager {
    const { folder, preStartMs } = this.#settings;
    return new DeviceManager({
      folder: join(folder, 'dp'),
      clock: this.#clock,
      ...(preStartMs !== undefined && { preStartMs }),
      activePods: () => this.#activePods(),
      changed: () => this.#scheduleStatus(),
    });
  }

  async #serve(): Promise<void> {
    await this.#devices.start();
    this.#podResources = await servePodResources(join(this.#settings.folder, 'pr', 'kubelet.sock'), {
      list: () => {
        this.#devices.freeInactive();
        return this.#activeRecords().map((pod) => this.#resourcesOf(pod));
      },
      allocatable: () => this.#devices.allocatable(),
      get: (namespace, name) => {
        const pod = this.#activeRecords().find(
          ({ metadata }) => metadata.namespace === namespace && metadata.name === name,
        );
        return pod && this.#resourcesOf(pod);
      },
    });
  }

  async #close(): Promise<void> {
    await this.#devices.stop();
    await this.#podResources?.close();
  }

  #activeRecords(): KubeObject[] {
    return [...this.#workers.values()].flatMap(({ record: { pod } }) => {
      const stored = this.#store.get('pods', pod.metadata.namespace, pod.metadata.name);
      return stored?.metadata.uid === pod.metadata.uid && !isTerminal(stored) ? [stored] : [];
    });
  }

  #activePods(): Set<string> {
    return new Set(this.#activeRecords().map(({ metadata }) => metadata.uid));
  }

  #resourcesOf(pod: KubeObject) {
    const { name, namespace = '', uid } = pod.metadata;
    const containers = mainContainers(pod).map((container) => ({
      name: container.name,
      devices: this.#devices
        .held(uid, container.name)
        .flatMap(({ resource, devices }) =>
          devices.map((id) => ({ resource_name: resource, device_ids: [id] })),
        ),
    }));
    return { name, namespace, containers };
  }

  #onPod(type: string, pod: KubeObject): void {
    const { uid } = pod.metadata;
    if (type === 'DELETED') {
      void this.#workers.get(uid)?.terminate(0);
      this.#workers.delete(uid);
      this.#seen.delete(uid);
      this.#ending.delete(uid);
      return;
    }
    if (pod.metadata.deletionTimestamp) {
      if (this.#ending.has(uid)) return;
      this.#ending.add(uid);
      void this.#remove(pod);
      return;
    }
    if (this.#seen.has(uid) || isTerminal(pod)) return;
    this.#seen.add(uid);
    void this.#admission(() => this.#admit(pod));
  }

  async #remove(pod: KubeObject): Promise<void> {
    const graceMs = (pod.metadata.deletionGracePeriodSeconds ?? 30) * 1_000;
    await this.#workers.get(pod.metadata.uid)?.terminate(graceMs);
    this.#store.remove('pods', pod.metadata.namespace, pod.metadata.name);
  }

  async #admit(pod: KubeObject): Promise<void> {
    if (this.#ending.has(pod.metadata.uid) || !this.#seen.has(pod.metadata.uid)) return;
    const worker = this.#worker(pod);
    this.#workers.set(pod.metadata.uid, worker);
    try {
      await this.#devices.admit(pod);
      this.#fit(pod);
    } catch (error) {
      const { reason, message } =
        error instanceof AdmissionError
          ? error
          : new AdmissionError('UnexpectedAdmissionError', String(error));
      this.#event(pod, 'Warning', reason, message);
      worker.fail(reason, `Pod was rejected: ${message}`);
      return;
    }
    if (!this.#ending.has(pod.metadata.uid)) worker.start();
  }

  #worker(pod: KubeObject): PodWorker {
    const { backoffMs, folder, jitter, runId, startLatencyMs } = this.#settings;
    this.#addresses += 1;
    const spread = 1 + jitter * (2 * uniformFloat64(this.#random) - 1);
    return new PodWorker(pod, {
      store: this.#store,
      clock: this.#clock,
      hostIp: '127.0.0.1',
      podIp: `127.${1 + ((this.#addresses >> 16) & 127)}.${(this.#addresses >> 8) & 255}.${this.#addresses & 255}`,
      folder: join(folder, 'pods', pod.metadata.uid),
      startLatencyMs: startLatencyMs * spread,
      backoffMs,
      runId,
      hostPath: (path) =>
        path === STATE_PATH || path.startsWith(`${STATE_PATH}/`)
          ? join(folder, 'state', path.slice(STATE_PATH.length))
          : path,
      runOptions: (uid, container) => this.#devices.runOptions(uid, container),
      event: this.#event,
    });
  }

  /** The predicates that the kubelet checks again. @throws AdmissionError OutOf… */
  #fit(pod: KubeObject): void {
    const node = this.#store.get('nodes', undefined, this.#settings.name);
    const allocatable: Record<string, string> = node?.status?.allocatable ?? {};
    const others = this.#activeRecords().filter(({ metadata }) => metadata.uid !== pod.metadata.uid);
    const wanted = podRequests(pod).set('pods', 1);
    for (const [resource, amount] of wanted) {
      const capacity = allocatable[resource];
      // Devices were just allocated: the device manager knows better than the last written status.
      if (capacity === undefined || this.#devices.stock().has(resource)) continue;
      const used = others.reduce(
        (sum, other) => sum + (resource === 'pods' ? 1 : (podRequests(other).get(resource) ?? 0)),
        0,
      );
      if (used + amount <= parseQuantity(capacity)) continue;
      throw new AdmissionError(
        `OutOf${resource}`,
        `Node didn't have enough resource: ${resource}, requested: ${amount}, used: ${used}, capacity: ${parseQuantity(capacity)}`,
      );
    }
  }

  #node() {
    const { name, role, version } = this.#settings;
    const controlPlane = role === 'control-plane';
    return {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name,
        labels: {
          'kubernetes.io/hostname': name,
          'kubernetes.io/os': process.platform,
          'kubernetes.io/arch': process.arch === 'x64' ? 'amd64' : process.arch,
          ...(controlPlane && { 'node-role.kubernetes.io/control-plane': '' }),
        },
      },
      spec: controlPlane
        ? { taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }] }
        : {},
      status: this.#status({
        nodeInfo: {
          kubeletVersion: `v${version}`,
          containerRuntimeVersion: 'process://1',
          operatingSystem: process.platform,
          architecture: process.arch,
        },
        addresses: [
          { type: 'Hostname', address: name },
          { type: 'InternalIP', address: '127.0.0.1' },
        ],
      }),
    };
  }

  /** A resource that somebody else advertised on the node's status stays, and is allocatable as a whole. */
  #status(before: KubeObject['status']): KubeObject['status'] {
    const { cpu, memory } = this.#settings;
    const own = { cpu, memory, pods: '110' };
    const capacity: Record<string, string> = { ...before?.capacity, ...own };
    const allocatable: Record<string, string> = { ...capacity };
    for (const [resource, stock] of this.#devices.stock()) {
      capacity[resource] = String(stock.capacity);
      allocatable[resource] = String(stock.allocatable);
    }
    const now = timestamp(this.#clock.wall());
    return withCondition({ ...before, capacity, allocatable }, 'Ready', 'True', now, {
      reason: 'KubeletReady',
      message: 'kubelet is posting ready status',
    });
  }

  /** Soon, and once for whatever happens until then. */
  #scheduleStatus(): void {
    if (this.#statusTimer) return;
    this.#statusTimer = setTimeout(() => {
      this.#statusTimer = undefined;
      const node = this.#store.get('nodes', undefined, this.#settings.name);
      if (!node) return;
      const status = this.#status(node.status);
      if (JSON.stringify(status) === JSON.stringify(node.status)) return;
      this.#store.update('nodes', undefined, this.#settings.name, (stored) => ({ ...stored, status }), {
        status: true,
      });
    }, STATUS_MS);
  }
}
