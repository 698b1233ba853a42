import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Clock } from '../../harness/clock/clock.ts';
import { eventRecorder, type PostEvent } from './kubelet/event-recorder.ts';
import { timestamp } from './memory-store.ts';
import { book, type Demand, demandOf, type NodeView, nodeView } from './node-fit.ts';
import { NodeRanking } from './node-ranking.ts';
import { type Group, PendingPods } from './pending-pods.ts';
import { isTerminal, withCondition } from './pod.ts';
import { closedDomains, neighbourOf } from './pod-affinity.ts';
import type { KubeObject, Store, WatchEvent } from './store.ts';

const NAME = 'default-scheduler';
/** Demands whose ranking of the nodes is kept: those that were asked for last. */
const KEPT_RANKINGS = 32;

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
  readonly #pending = new PendingPods();
  /** By the signature of the demand; with the nodes that have changed since it was last asked. */
  readonly #rankings = new Map<string, { ranking: NodeRanking; changed: Set<string> }>();
  readonly #unwatch: (() => void)[] = [];
  /** How many of the assigned pods keep others away. */
  #repelling = 0;
  #round: NodeJS.Immediate | undefined;
  /** How often a pod was considered, and a node for a pod: what must grow no faster than the pods do. */
  readonly effort = { pods: 0, nodes: 0 };

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
    this.#changed(name);
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
      this.#book(assigned.demand, assigned.node, -1);
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
      this.#pending.add(object);
      this.#wake();
    }
  }

  #assign(pod: KubeObject, node: string, demand: Demand): void {
    this.#assigned.set(pod.metadata.uid, { node, demand });
    if (repels(demand)) this.#repelling += 1;
    this.#book(demand, node, 1);
  }

  #book(demand: Demand, node: string, sign: 1 | -1): void {
    const view = this.#nodes.get(node);
    if (!view) return;
    book(demand, view.used, sign);
    this.#changed(node);
  }

  #changed(node: string): void {
    for (const { changed } of this.#rankings.values()) changed.add(node);
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
    const passed = new Set<Group>();
    for (const pending of this.#pending.inOrder(passed)) {
      const { demand, group, pod } = pending;
      this.effort.pods += 1;
      // Who the pod is matters only where somebody keeps others away.
      const who = this.#repelling > 0 ? JSON.stringify(demand.neighbour) : '';
      const like = group.key + who;
      let message = hopeless.get(like);
      if (message === undefined) {
        const ranking = this.#ranked(demand);
        const node = ranking.best((count) => uniformInt(this.#random, 0, count - 1));
        if (node !== undefined) {
          this.#bind(pod, node);
          continue;
        }
        message = ranking.message();
        hopeless.set(like, message);
      }
      const now = this.#clock.mono();
      if (who === '') {
        passed.add(group);
        for (const { pod: other } of this.#pending.toTell(group, message, now)) this.#tell(other, message);
      } else if (this.#pending.isToTell(pending, message, now)) this.#tell(pod, message);
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

  /** The nodes as they are for pods of this demand. */
  #ranked(demand: Demand): NodeRanking {
    const closed = this.#closed(demand);
    const { signature } = demand;
    // Who is where changes with each pod: what anti-affinity closes is found anew, and so is what is left.
    if (closed.length > 0) return this.#look(new NodeRanking(demand, closed), this.#nodes.keys());
    const known = this.#rankings.get(signature) ?? {
      ranking: new NodeRanking(demand),
      changed: new Set(this.#nodes.keys()),
    };
    this.#look(known.ranking, known.changed);
    known.changed.clear();
    this.#rankings.delete(signature);
    this.#rankings.set(signature, known);
    for (const oldest of this.#rankings.keys()) {
      if (this.#rankings.size <= KEPT_RANKINGS) break;
      this.#rankings.delete(oldest);
    }
    return known.ranking;
  }

  #look(ranking: NodeRanking, names: Iterable<string>): NodeRanking {
    for (const name of names) {
      const node = this.#nodes.get(name);
      this.effort.nodes += 1;
      if (node) ranking.look(node);
      else ranking.forget(name);
    }
    return ranking;
  }

  #bind(pod: KubeObject, node: string): void {
    const { namespace, name } = pod.metadata;
    this.#store.update('pods', namespace, name, (stored) => ({
      ...stored,
      spec: { ...stored.spec, nodeName: node },
    }));
    this.#event(pod, 'Normal', 'Scheduled', `Successfully assigned ${namespace}/${name} to ${node}`);
  }

  #tell(pod: KubeObject, message: string): void {
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
