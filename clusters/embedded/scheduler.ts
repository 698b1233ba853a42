import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Clock } from '../../harness/clock/clock.ts';
import { eventRecorder, type PostEvent } from './kubelet/event-recorder.ts';
import { timestamp } from './memory-store.ts';
import {
  book,
  type Demand,
  demandOf,
  misfits,
  type NodeView,
  nodeView,
  score,
  unschedulableMessage,
} from './node-fit.ts';
import { isTerminal, withCondition } from './pod.ts';
import { closedDomains, neighbourOf } from './pod-affinity.ts';
import type { KubeObject, Store, WatchEvent } from './store.ts';

const NAME = 'default-scheduler';
/** A pod that stays unschedulable is told so anew at most so often: what upstream's back-off comes to. */
const REPEAT_MS = 10_000;

interface Pending {
  pod: KubeObject;
  demand: Demand;
  told?: { message: string; at: number };
}

/**
 * Assigns pods to nodes, one at a time in the order they came, by what fits, then by what leaves most free; among
 * equals by lot. Whatever changes on nodes or pods is a reason to try again those that fitted nowhere.
 */
export class Scheduler {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #event: PostEvent;
  readonly #random;
  readonly #nodes = new Map<string, NodeView>();
  readonly #assigned = new Map<string, { node: string; demand: Demand }>();
  readonly #pending = new Map<string, Pending>();
  readonly #unwatch: (() => void)[] = [];
  /** How many of the assigned pods keep others away. */
  #repelling = 0;
  #round: NodeJS.Immediate | undefined;

  constructor(store: Store, clock: Clock, seed: number) {
    this.#store = store;
    this.#clock = clock;
    this.#event = eventRecorder(store, clock, NAME);
    this.#random = xoroshiro128plus(seed);
  }

  start(): void {
    this.#unwatch.push(
      this.#store.watch('nodes', (event) => this.#onNode(event)),
      this.#store.watch('pods', (event) => this.#onPod(event)),
    );
    for (const object of this.#store.list('nodes')) this.#onNode({ type: 'ADDED', object });
    for (const object of this.#store.list('pods')) this.#onPod({ type: 'ADDED', object });
  }

  stop(): void {
    for (const unwatch of this.#unwatch) unwatch();
    clearImmediate(this.#round);
  }

  #onNode({ type, object }: WatchEvent): void {
    const { name } = object.metadata;
    if (type === 'DELETED') this.#nodes.delete(name);
    else this.#nodes.set(name, nodeView(object, this.#nodes.get(name)?.used ?? this.#usedOn(name)));
    this.#wake();
  }

  #usedOn(node: string) {
    const used = new Map<string, number>();
    for (const entry of this.#assigned.values()) if (entry.node === node) book(entry.demand, used, 1);
    return used;
  }

  #onPod({ type, object, previous }: WatchEvent): void {
    const { uid } = object.metadata;
    const gone = type === 'DELETED' || isTerminal(object);
    const assigned = this.#assigned.get(uid);
    if (gone) {
      this.#pending.delete(uid);
      if (!assigned) return;
      this.#assigned.delete(uid);
      if (repels(assigned.demand)) this.#repelling -= 1;
      const node = this.#nodes.get(assigned.node);
      if (node) book(assigned.demand, node.used, -1);
      this.#wake();
      return;
    }
    if (object.spec.nodeName) {
      if (!assigned)
        this.#assign(object, object.spec.nodeName, this.#pending.get(uid)?.demand ?? demandOf(object));
      else if (previous?.metadata.labels !== object.metadata.labels)
        assigned.demand = { ...assigned.demand, neighbour: neighbourOf(object) };
      this.#pending.delete(uid);
      return;
    }
    if (object.metadata.deletionTimestamp || object.spec.schedulerName !== NAME) {
      this.#pending.delete(uid);
      return;
    }
    const known = this.#pending.get(uid);
    if (known) known.pod = object;
    else {
      this.#pending.set(uid, { pod: object, demand: demandOf(object) });
      this.#wake();
    }
  }

  #assign(pod: KubeObject, node: string, demand: Demand): void {
    this.#assigned.set(pod.metadata.uid, { node, demand });
    if (repels(demand)) this.#repelling += 1;
    const view = this.#nodes.get(node);
    if (view) book(demand, view.used, 1);
  }

  #wake(): void {
    this.#round ??= setImmediate(() => {
      this.#round = undefined;
      this.#schedule();
    });
  }

  #schedule(): void {
    /** What fitted nowhere in this round: later pods only take more away. */
    const hopeless = new Map<string, string>();
    for (const pending of [...this.#pending.values()]) {
      const { pod, demand } = pending;
      // Who the pod is matters only where somebody keeps others away.
      const who = this.#repelling > 0 || repels(demand) ? JSON.stringify(demand.neighbour) : '';
      const like = demand.signature + who;
      let message = hopeless.get(like);
      if (message === undefined) {
        const chosen = this.#choose(demand);
        if (typeof chosen === 'object') {
          this.#bind(pod, chosen.node);
          continue;
        }
        message = chosen;
        hopeless.set(like, message);
      }
      this.#tell(pending, message);
    }
  }

  /** The topology domains that are closed to a pod by its own anti-affinity or by that of the pods that are there. */
  #closed(demand: Demand) {
    if (this.#repelling === 0 && !repels(demand)) return [];
    const settled = [...this.#assigned.values()].map(({ demand: { neighbour }, node }) => ({
      neighbour,
      nodeLabels: this.#nodes.get(node)?.labels ?? {},
    }));
    return closedDomains(demand.neighbour, settled);
  }

  /** A node, or the message that says why there is none. */
  #choose(demand: Demand): { node: string } | string {
    const nodes = [...this.#nodes.values()];
    const closed = this.#closed(demand);
    const reasons = nodes.map((node) => misfits(demand, node, closed));
    const fitting = nodes.filter((_, index) => reasons[index]?.length === 0);
    if (fitting.length === 0) return unschedulableMessage(reasons);
    const scores = fitting.map((node) => score(demand, node));
    const best = Math.max(...scores);
    const equals = fitting.filter((_, index) => scores[index] === best);
    const drawn = equals[uniformInt(this.#random, 0, equals.length - 1)] as NodeView;
    return { node: drawn.name };
  }

  #bind(pod: KubeObject, node: string): void {
    const { namespace, name } = pod.metadata;
    this.#store.update('pods', namespace, name, (stored) => ({
      ...stored,
      spec: { ...stored.spec, nodeName: node },
    }));
    this.#event(pod, 'Normal', 'Scheduled', `Successfully assigned ${namespace}/${name} to ${node}`);
  }

  #tell(pending: Pending, message: string): void {
    const { pod, told } = pending;
    const now = this.#clock.mono();
    if (told && (told.message === message || now - told.at < REPEAT_MS)) return;
    pending.told = { message, at: now };
    const { namespace, name } = pod.metadata;
    const at = timestamp(this.#clock.wall());
    this.#store.update(
      'pods',
      namespace,
      name,
      (stored) => ({
        ...stored,
        status: withCondition(stored.status, 'PodScheduled', 'False', at, {
          reason: 'Unschedulable',
          message,
        }),
      }),
      { status: true },
    );
    this.#event(pod, 'Warning', 'FailedScheduling', message);
  }
}

function repels({ neighbour }: Demand): boolean {
  return neighbour.repels.length > 0;
}
