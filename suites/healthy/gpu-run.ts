import type { History } from '../../harness/history/event.ts';
import type { PodSeen, ProbeSeen } from '../gpu/events.ts';
import { MAIN } from '../gpu/workload/jobs.ts';
import { type Entry, recorded } from './recorded.ts';

export const GPU_FAULT = 'bind-delay-1';
/** What the fault adds to each association. */
const INJECTED_MS = 300;

/** What a sound cluster may be like. Times are ms. */
export interface GpuShape {
  nodes: string[];
  namespace: string;
  resource: string;
  /** Devices of each node. */
  devices: number[];
  /** GPU pods at once on a node, at most. */
  cap: number;
  /** Waves of Jobs, each of which fills every node to its cap or less. */
  waves: number;
  gpusPerPod: number;
  looks: number;
  lookMs: number;
  /** Of one association, of one container from its association to its first look, drawn anew for each. */
  bindMs(): number;
  startMs(): number;
  /** From a change to its being in the record. */
  lateMs(): number;
  /** How long the plugin is away in its restart. */
  awayMs: number;
  /** What a node's clock is off by. */
  clockMs(node: string): number;
  /** CPU-only pods beside each wave. */
  bystanders: number;
}

/** A run on a cluster of this shape, on which all is as it should be: what the suite would have recorded of it. */
export function gpuRun(shape: GpuShape): History {
  const run = new GpuRun(shape);
  return recorded(run.all());
}

class GpuRun {
  readonly #shape: GpuShape;
  readonly #entries: Entry[] = [];
  #pods = 0;

  constructor(shape: GpuShape) {
    this.#shape = shape;
  }

  all(): Entry[] {
    const { awayMs, devices, namespace, nodes, resource, waves } = this.#shape;
    const fault = { fault: GPU_FAULT, kind: 'gpu/bind-delay', target: 'every node', mechanism: 'knob' };
    this.#engine(0, 'run.started', {
      ...{ runId: 'healthy', ordeal: '0.1.0', seed: 1, profile: 'hardened', level: 'smoke' },
      replay: 'npm run healthy',
    });
    this.#engine(1, 'cluster.up', {
      ...{ name: 'healthy', provider: 'embedded', versions: {}, evidence: 'modelled', nodes },
    });
    for (const [index, node] of nodes.entries())
      this.#say(100, 'node.allocatable', { node, resource, allocatable: devices[index] });
    this.#engine(150, 'steady.reached', { suite: 'gpu', measured: { starts: 1 } });
    this.#engine(200, 'fault.injecting', fault);
    this.#engine(210, 'fault.injected', { ...fault, detail: null });
    let at = 1_000;
    for (let wave = 0; wave < waves; wave++) {
      at = this.#wave(at, wave);
      if (wave === 0) this.#engine(at, 'fault.bit', { fault: GPU_FAULT, bit: true, evidence: 'late' });
    }
    this.#engine(at + 1, 'fault.healing', { fault: GPU_FAULT });
    this.#engine(at + 2, 'fault.healed', { fault: GPU_FAULT, healed: true, evidence: 'as before' });
    at = this.#restart(at + 100, awayMs);
    for (const [index, node] of nodes.entries()) {
      const allocatable = devices[index];
      this.#say(at, 'recovery.seen', { node, allocatable, expected: allocatable });
    }
    const most = nodes.reduce((sum, _, index) => sum + this.#podsOn(index) * this.#shape.gpusPerPod, 0);
    this.#say(at + 1, 'quota.seen', { namespace, hard: most, used: most });
    this.#engine(at + 10_000, 'run.ended', { outcome: 'done' });
    return this.#entries;
  }

  #podsOn(index: number): number {
    const { cap, devices, gpusPerPod } = this.#shape;
    return Math.min(cap, Math.floor((devices[index] as number) / gpusPerPod));
  }

  /** Every node filled once, and empty again: when it was. */
  #wave(at: number, wave: number): number {
    const { bystanders, nodes } = this.#shape;
    const job = `job-${wave}`;
    const counts = nodes.map((_, index) => this.#podsOn(index));
    const replicas = counts.reduce((sum, count) => sum + count, 0);
    this.#say(at, 'job.created', { job, at, replicas, phase: 'burst' });
    for (let index = 0; index < bystanders; index++) {
      const name = `cpu-${wave}-${index}`;
      const body = this.#podBody(name, nodes[0] as string, { bystander: true, gpus: 0, job: null });
      this.#pod(at + 30, { ...body, phase: 'Running' });
      this.#say(at + 40, 'bystander.started', { podUid: body.uid, at: at + 40 });
      this.#pod(at + 200, { ...body, phase: 'Succeeded' });
    }
    const ends = counts.flatMap((count, index) =>
      Array.from({ length: count }, (_, slot) => this.#life(at, job, nodes[index] as string, slot)),
    );
    return Math.max(at, ...ends) + 1_000;
  }

  /** One pod from its creation to its removal: when that was. */
  #life(at: number, job: string, node: string, slot: number): number {
    const { bindMs, gpusPerPod, lateMs, lookMs, looks, namespace, startMs } = this.#shape;
    this.#pods += 1;
    const name = `${job}-${this.#pods}`;
    const allocation = `${node}-${this.#pods}`;
    const devices = Array.from(
      { length: gpusPerPod },
      (_, each) => `GPU-${node}-${slot * gpusPerPod + each}`,
    );
    const base = this.#podBody(name, node, { job, gpus: gpusPerPod });
    const container = { name: MAIN, restartCount: 0, exitCode: null, waiting: null };
    const created = this.#pod(at + lateMs(), { ...base, node: null, phase: 'Pending', containers: [] });
    const asked = at + 20 + 2 * slot;
    this.#ledger(asked, node, 'plugin.allocate', { allocation, devices });
    const bound = devices.map((device) => {
      const serviceMs = bindMs() + INJECTED_MS;
      this.#ledger(asked + serviceMs, node, 'driver.associated', {
        ...{ allocation, device, queuedMs: 0, serviceMs, injectedMs: INJECTED_MS, lateMs: 0 },
      });
      return asked + serviceMs;
    });
    const first = Math.max(...bound) + startMs();
    this.#listed(asked + 1, node, [{ namespace, pod: name, container: MAIN, devices: [...devices].sort() }]);
    const seen = Math.max(created, this.#later(first));
    this.#pod(seen, {
      ...base,
      phase: 'Running',
      containers: [{ ...container, started: true, finished: false }],
    });
    const last = first + (looks - 1) * lookMs;
    const done = this.#pod(Math.max(seen, this.#later(last + 50)), {
      ...base,
      phase: 'Succeeded',
      containers: [{ ...container, started: true, finished: true, exitCode: 0 }],
    });
    const read = this.#later(done);
    for (let n = 0; n < looks; n++) {
      const body: ProbeSeen = {
        ...{ podUid: base.uid, pod: name, namespace, container: MAIN, attempt: 0 },
        at: 1e12 + first + n * lookMs + this.#shape.clockMs(node),
        ...{ n, exit: 0, usable: devices, visible: devices, allocation },
      };
      this.#entries.push({ mono: read, source: `pod/${namespace}/${name}`, type: 'gpu.probe', body });
    }
    this.#pod(read + 100, {
      ...base,
      phase: 'Succeeded',
      gone: true,
      containers: [{ ...container, started: true, finished: true, exitCode: 0 }],
    });
    return read + 100;
  }

  #restart(at: number, awayMs: number): number {
    const { devices, nodes, resource } = this.#shape;
    const node = nodes[0] as string;
    this.#say(at, 'restart.went', { node });
    this.#ledger(at + 100, node, 'plugin.stopped', { reason: 'told to' });
    this.#say(at + 200, 'node.allocatable', { node, resource, allocatable: 0 });
    const back = at + 100 + awayMs;
    this.#ledger(back - 50, node, 'plugin.registered', { endpoint: 'e', resource });
    this.#say(back, 'node.allocatable', { node, resource, allocatable: devices[0] });
    this.#say(back + 100, 'restart.fresh', { node, works: true, detail: 'a fresh Job' });
    return back + 1_000;
  }

  #podBody(name: string, node: string, more: Partial<PodSeen>): PodSeen {
    return {
      ...{ uid: `uid-${name}`, namespace: this.#shape.namespace, name, node, job: null, bystander: false },
      ...{ phase: 'Pending', reason: null, createdAt: 1e12, deleting: false, gone: false, gpus: 0 },
      containers: [],
      ...more,
    };
  }

  #later(mono: number): number {
    return mono + this.#shape.lateMs();
  }

  #pod(mono: number, body: PodSeen): number {
    this.#entries.push({ mono, source: `pod/${body.namespace}/${body.name}`, type: 'pod.seen', body });
    return mono;
  }

  #listed(mono: number, node: string, pods: object[]): void {
    this.#ledger(mono, node, 'podresources', { requestedAt: mono, pods });
  }

  #ledger(mono: number, node: string, type: string, body: object): void {
    const own = mono + this.#shape.clockMs(node);
    this.#entries.push({
      mono,
      source: `node/${node}`,
      type: `ledger.${type}`,
      body: { at: 1e12 + own, mono: own, type, ...body },
    });
  }

  #say(mono: number, type: string, body: object): void {
    this.#entries.push({ mono, source: 'suite/gpu', type, body });
  }

  #engine(mono: number, type: string, body: object): void {
    this.#entries.push({ mono, source: 'harness', type, body });
  }
}
