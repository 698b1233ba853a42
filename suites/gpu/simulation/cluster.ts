import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { PRE_START_MS, SANDBOX_SHARE } from '../../../clusters/embedded/settings.ts';
import type { GpuNodeSettings } from '../../../clusters/gpu-node/settings.ts';
import type { Quantiles } from '../../simulation/draw.ts';
import { GATE_MS } from '../workload/probe.ts';
import { Associations } from './associations.ts';
import { EventQueue } from './event-queue.ts';
import { Placement } from './placement.ts';

export interface ClusterSetup {
  nodes: number;
  /** How many pods a node takes: its GPUs, or the cap. */
  slots: number;
  /** What a namespace may hold; infinity for no quota. */
  quota: number;
  tenants: number;
  initGate: boolean;
  /** The device plugin and its driver, as the fake GPU node has them. */
  knobs: GpuNodeSettings;
  /** By how much an association takes longer than it is meant to. */
  late: Quantiles | undefined;
  placement: 'spread' | 'pack';
  /** Of the scheduler, one pod after the other. */
  perPodMs: number;
  backOffMs: number;
}

/** A pod with one GPU. */
export interface Order {
  tenant: number;
  /** Of the kubelet, one pod after the other, apart from what the plugin waits. */
  admissionMs: number;
  /** From admission to the first act of a container that waits for nothing. */
  startMs: number;
  holdsMs: number;
}

/** What is told of each pod, by the time at which it happens. */
export interface Watcher {
  /** A node was found for it, so long after it was created. */
  placed(at: number, waitedMs: number): void;
  /** One of its containers was given a device. */
  allocated?(at: number, node: number, device: number): void;
  freed?(at: number, node: number, device: number): void;
  /** From Allocate to the association, of one container. */
  bound(at: number, bindMs: number): void;
  /** Its training container's first act. `lacksMs`: 0, or for how long it goes on without the GPU that it was given. */
  began(at: number, sinceCreatedMs: number, lacksMs: number): void;
  ended(at: number): void;
  /** It could not be started, and is made again. */
  failed(at: number): void;
}

/** The kinds of events, each of one pod. */
const SCHEDULE = 0;
const ALLOCATE = 1;
const ALLOCATED = 2;
const TIMEOUT = 3;
const BEGIN = 4;
const END = 5;
const CREATE = 6;
const KINDS = 7;

/** An allocation of a container: the gate's, or the training container's. */
interface Allocation {
  askedAt: number;
  attempts: number;
  /** When the attempt is given up. */
  untilAt: number;
  /** When an association stands, as far as is known. */
  usableAt: number;
  /** When the plugin knows that it does; infinity where it gave up; undefined while it tries. */
  boundAt: number | undefined;
}

interface Pod extends Order {
  createdAt: number;
  node: number;
  device: number;
  /** The container whose Allocate is asked. */
  asking: number;
  admittedAt: number | undefined;
  allocations: Allocation[];
}

interface Node {
  associations: Associations;
  /** Pods that the kubelet has yet to admit; the first is being admitted. */
  admitting: number[];
  /** Which devices are given. */
  given: Uint8Array;
}

/**
 * A cluster of GPU nodes on virtual time: quota, scheduler, the kubelets' admission one pod after the other, the device
 * plugins with their pools, timeouts and waits, the drivers, the containers' starts, the init gate. It follows embedded's
 * kubelet and the fake GPU node step by step. One difference: a pod whose plugin gave up is made again by its Job wherever
 * the plugin waited, where embedded tries its PreStartContainer again on the same node.
 */
export class Cluster {
  readonly #setup: ClusterSetup;
  readonly #watcher: Watcher;
  readonly #events = new EventQueue();
  readonly #placement: Placement;
  readonly #nodes: Node[];
  readonly #held: Float64Array;
  /** Pods that their namespace's quota keeps from being created, by tenant. */
  readonly #refused: Fifo[];
  readonly #pending = new Fifo();
  readonly #pods: Pod[] = [];
  readonly #unused: number[] = [];
  #scheduling = false;
  #schedulerFree = 0;
  #now = 0;
  /** What a fault adds to each association that is asked for. */
  extraMs = 0;

  /** @param streamOf a generator of its own for each node's driver */
  constructor(
    setup: ClusterSetup,
    streams: { placement: RandomGenerator; driver(node: number): RandomGenerator },
    watcher: Watcher,
  ) {
    this.#setup = setup;
    this.#watcher = watcher;
    this.#placement = new Placement(setup.nodes, setup.slots, setup.placement, streams.placement);
    this.#nodes = Array.from({ length: setup.nodes }, (_, node) => ({
      associations: new Associations(setup.knobs, streams.driver(node), setup.late),
      admitting: [],
      given: new Uint8Array(setup.knobs.gpus),
    }));
    this.#held = new Float64Array(setup.tenants);
    this.#refused = Array.from({ length: setup.tenants }, () => new Fifo());
  }

  /** Pods that have been created or are to be, and are not over. */
  get alive(): number {
    return this.#pods.length - this.#unused.length;
  }

  /** Pods that wait for a node, or for their namespace's quota. */
  get waiting(): number {
    return this.#refused.reduce((sum, { length }) => sum + length, this.#pending.length);
  }

  /** Everything up to and with this time. */
  runUntil(at: number): void {
    while (this.#events.next <= at) {
      this.#now = this.#events.next;
      this.#happen(this.#events.take());
    }
    this.#now = Math.max(this.#now, at);
  }

  /** A pod is created now. */
  create(order: Order): void {
    const id = this.#unused.pop() ?? this.#pods.length;
    this.#pods[id] = podOf(order, this.#now);
    this.#admitToNamespace(id);
  }

  #happen(what: number): void {
    const id = Math.floor(what / KINDS);
    switch (what % KINDS) {
      case SCHEDULE:
        this.#schedule();
        break;
      case ALLOCATE:
        this.#allocate(id);
        break;
      case ALLOCATED:
        this.#answered(id);
        break;
      case TIMEOUT:
        this.#timeOut(id);
        break;
      case BEGIN:
        this.#begin(id);
        break;
      case END:
        this.#watcher.ended(this.#now);
        this.#leave(id);
        this.#unused.push(id);
        break;
      default:
        this.#admitToNamespace(id);
    }
  }

  #put(at: number, kind: number, id: number): void {
    this.#events.put(at, id * KINDS + kind);
  }

  #pod(id: number): Pod {
    return this.#pods[id] as Pod;
  }

  #admitToNamespace(id: number): void {
    const { tenant } = this.#pod(id);
    if ((this.#held[tenant] as number) >= this.#setup.quota) {
      this.#refused[tenant]?.push(id);
      return;
    }
    this.#held[tenant] = (this.#held[tenant] as number) + 1;
    this.#pending.push(id);
    this.#wakeScheduler();
  }

  #wakeScheduler(): void {
    if (this.#scheduling || this.#pending.length === 0) return;
    this.#scheduling = true;
    this.#put(Math.max(this.#now, this.#schedulerFree) + this.#setup.perPodMs, SCHEDULE, 0);
  }

  #schedule(): void {
    this.#scheduling = false;
    this.#schedulerFree = this.#now;
    const node = this.#placement.take();
    // Until a pod ends, and wakes it.
    if (node === undefined) return;
    const id = this.#pending.shift();
    const pod = this.#pod(id);
    pod.node = node;
    this.#watcher.placed(this.#now, this.#now - pod.createdAt);
    const { admitting } = this.#nodes[node] as Node;
    if (admitting.push(id) === 1) this.#put(this.#now + pod.admissionMs, ALLOCATE, id);
    this.#wakeScheduler();
  }

  /** The kubelet asks for the next container: the gate's device is the training container's too. */
  #allocate(id: number): void {
    const pod = this.#pod(id);
    const { knobs } = this.#setup;
    const node = this.#nodes[pod.node] as Node;
    if (pod.device < 0) {
      pod.device = node.given.indexOf(0);
      node.given[pod.device] = 1;
      this.#watcher.allocated?.(this.#now, pod.node, pod.device);
    }
    const allocation: Allocation = {
      askedAt: this.#now,
      attempts: 0,
      untilAt: Number.POSITIVE_INFINITY,
      usableAt: Number.POSITIVE_INFINITY,
      boundAt: undefined,
    };
    pod.allocations.push(allocation);
    this.#attempt(id, allocation);
    if (knobs.wait !== 'allocate') this.#answered(id);
  }

  #attempt(id: number, allocation: Allocation): void {
    const pod = this.#pod(id);
    const { retries, timeoutMs } = this.#setup.knobs;
    if (allocation.attempts > retries) {
      allocation.boundAt = Number.POSITIVE_INFINITY;
    } else {
      const at = (this.#nodes[pod.node] as Node).associations.associate(this.#now, this.extraMs);
      allocation.usableAt = Math.min(allocation.usableAt, at);
      if (timeoutMs > 0 && at > this.#now + timeoutMs) {
        allocation.untilAt = this.#now + timeoutMs;
        this.#put(allocation.untilAt, TIMEOUT, id);
        return;
      }
      allocation.boundAt = at;
    }
    this.#settled(id, allocation);
  }

  #timeOut(id: number): void {
    // One that is over has no more to wait for.
    const late = this.#pod(id).allocations.find(
      ({ boundAt, untilAt }) => boundAt === undefined && untilAt === this.#now,
    );
    if (!late) return;
    late.attempts += 1;
    this.#attempt(id, late);
  }

  #settled(id: number, { askedAt, boundAt, usableAt }: Allocation): void {
    const pod = this.#pod(id);
    this.#watcher.bound(this.#now, usableAt - askedAt);
    const { wait } = this.#setup.knobs;
    if (wait === 'allocate') {
      if (boundAt === Number.POSITIVE_INFINITY) this.#fail(id);
      else this.#put(boundAt as number, ALLOCATED, id);
    } else if (wait === 'prestart' && pod.admittedAt !== undefined) this.#start(id);
  }

  /** Allocate was answered for a container: the next one, or the next pod of the node. */
  #answered(id: number): void {
    const pod = this.#pod(id);
    pod.asking += 1;
    if (this.#setup.initGate && pod.asking === 1) {
      this.#allocate(id);
      return;
    }
    this.#nextAdmission(pod.node);
    pod.admittedAt = this.#now;
    this.#start(id);
  }

  #nextAdmission(node: number): void {
    const { admitting } = this.#nodes[node] as Node;
    admitting.shift();
    const [next] = admitting;
    if (next !== undefined) this.#put(this.#now + this.#pod(next).admissionMs, ALLOCATE, next);
  }

  /** Sandbox, then PreStartContainer where the plugin waits there, then the container; the gate's before the other's. */
  #start(id: number): void {
    const { admittedAt, allocations, startMs } = this.#pod(id);
    const { initGate, knobs } = this.#setup;
    let at = (admittedAt as number) + SANDBOX_SHARE * startMs;
    if (knobs.wait === 'prestart') {
      const bound = allocations.map(({ boundAt }) => boundAt);
      if (bound.includes(undefined)) return;
      const boundAt = Math.max(...(bound as number[]));
      if (boundAt === Number.POSITIVE_INFINITY) {
        this.#fail(id);
        return;
      }
      at = this.#preStarted(at, boundAt);
    }
    at += (1 - SANDBOX_SHARE) * startMs;
    if (initGate) {
      const late = (allocations[0] as Allocation).usableAt - at;
      at += late > 0 ? Math.ceil(late / GATE_MS) * GATE_MS : 0;
      at += (1 - SANDBOX_SHARE) * startMs;
    }
    this.#put(Math.max(at, this.#now), BEGIN, id);
  }

  /** A PreStartContainer that outlasts the kubelet's limit fails, and is tried again after a pause. */
  #preStarted(from: number, boundAt: number): number {
    const round = PRE_START_MS + this.#setup.backOffMs;
    const rounds = Math.max(0, Math.ceil((boundAt - from - PRE_START_MS) / round));
    return Math.max(boundAt, from + rounds * round);
  }

  #begin(id: number): void {
    const { allocations, createdAt, holdsMs } = this.#pod(id);
    const { usableAt } = allocations.at(-1) as Allocation;
    this.#watcher.began(this.#now, this.#now - createdAt, Math.max(0, usableAt - this.#now));
    this.#put(this.#now + holdsMs, END, id);
  }

  /** The pod is refused; its Job makes another after a pause. */
  #fail(id: number): void {
    const pod = this.#pod(id);
    this.#watcher.failed(this.#now);
    if (pod.admittedAt === undefined) this.#nextAdmission(pod.node);
    this.#leave(id);
    this.#pods[id] = podOf(pod, this.#now + this.#setup.backOffMs);
    this.#put(this.#now + this.#setup.backOffMs, CREATE, id);
  }

  #leave(id: number): void {
    const { device, node, tenant } = this.#pod(id);
    (this.#nodes[node] as Node).given[device] = 0;
    this.#watcher.freed?.(this.#now, node, device);
    this.#placement.giveBack(node);
    this.#held[tenant] = (this.#held[tenant] as number) - 1;
    const waiting = this.#refused[tenant] as Fifo;
    if (waiting.length > 0) this.#admitToNamespace(waiting.shift());
    this.#wakeScheduler();
  }
}

function podOf({ admissionMs, holdsMs, startMs, tenant }: Order, createdAt: number): Pod {
  return {
    admissionMs,
    holdsMs,
    startMs,
    tenant,
    createdAt,
    node: -1,
    device: -1,
    asking: 0,
    admittedAt: undefined,
    allocations: [],
  };
}

/** A queue of pods, first in, first out. */
class Fifo {
  #entries: number[] = [];
  #first = 0;

  get length(): number {
    return this.#entries.length - this.#first;
  }

  push(id: number): void {
    this.#entries.push(id);
  }

  /** @throws RangeError where there is none. */
  shift(): number {
    const id = this.#entries[this.#first];
    if (id === undefined) throw new RangeError('the queue is empty');
    this.#first += 1;
    // What was taken out is let go of now and then, so that memory does not grow with time.
    if (this.#first > 1_024 && 2 * this.#first > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
    return id;
  }
}
