import { type Demand, demandOf } from './node-fit.ts';
import type { KubeObject } from './store.ts';

/** A pod that stays unschedulable is told so anew at most so often: what upstream's back-off comes to. */
const REPEAT_MS = 10_000;

/** Pods that fit the same nodes, but for who is there already. */
export interface Group {
  key: string;
  /** In the order in which they came. */
  pods: Map<string, Pending>;
  /** The pods by what they were told last (nothing yet: ''), those first that were told first. */
  told: Map<string, Set<Pending>>;
}

export interface Pending {
  pod: KubeObject;
  demand: Demand;
  group: Group;
  arrival: number;
  told: { message: string; at: number };
}

/** Pods without a node. Of a group that fits nowhere one is looked at, however many wait. */
export class PendingPods {
  readonly #pods = new Map<string, Pending>();
  readonly #groups = new Map<string, Group>();
  #arrivals = 0;

  get(uid: string): Pending | undefined {
    return this.#pods.get(uid);
  }

  add(pod: KubeObject): void {
    const demand = demandOf(pod);
    const { repels } = demand.neighbour;
    // Whom a pod keeps off decides where it fits.
    const key = demand.signature + (repels.length > 0 ? JSON.stringify(demand.neighbour) : '');
    const group = this.#groups.get(key) ?? { key, pods: new Map(), told: new Map() };
    this.#arrivals += 1;
    const told = { message: '', at: Number.NEGATIVE_INFINITY };
    const pending: Pending = { pod, demand, group, arrival: this.#arrivals, told };
    this.#pods.set(pod.metadata.uid, pending);
    this.#groups.set(key, group);
    group.pods.set(pod.metadata.uid, pending);
    heard(pending);
  }

  delete(uid: string): void {
    const pending = this.#pods.get(uid);
    if (!pending) return;
    const { group } = pending;
    this.#pods.delete(uid);
    group.pods.delete(uid);
    unheard(pending);
    if (group.pods.size === 0) this.#groups.delete(group.key);
  }

  /** All in the order in which they came, without the rest of a group that is among those `passed`. */
  *inOrder(passed: ReadonlySet<Group>): Generator<Pending> {
    const heads: { next: Pending; rest: Iterator<Pending> }[] = [];
    const enter = (rest: Iterator<Pending>) => {
      const { done, value: next } = rest.next();
      if (done) return;
      let at = heads.length;
      while (at > 0 && (heads[at - 1]?.next.arrival ?? 0) < next.arrival) at -= 1;
      heads.splice(at, 0, { next, rest });
    };
    for (const { pods } of this.#groups.values()) enter(pods.values());
    // The first to have come is the last of them: taking it off moves no other.
    for (let head = heads.pop(); head; head = heads.pop()) {
      const { next, rest } = head;
      if (passed.has(next.group)) continue;
      if (this.#pods.get(next.pod.metadata.uid) === next) yield next;
      enter(rest);
    }
  }

  /** Those of a group that are to be told that they do not fit, and why; they count as told. */
  *toTell(group: Group, message: string, now: number): Generator<Pending> {
    for (const [before, waiting] of group.told) {
      if (before === message) continue;
      for (const pending of waiting) {
        if (now - pending.told.at < REPEAT_MS) break;
        yield tell(pending, message, now);
      }
    }
  }

  /** Whether this one is to be told, by itself; it then counts as told. */
  isToTell(pending: Pending, message: string, now: number): boolean {
    const { told } = pending;
    if (told.message === message || now - told.at < REPEAT_MS) return false;
    tell(pending, message, now);
    return true;
  }
}

function tell(pending: Pending, message: string, at: number): Pending {
  unheard(pending);
  pending.told = { message, at };
  heard(pending);
  return pending;
}

function heard(pending: Pending): void {
  const { group, told } = pending;
  const same = group.told.get(told.message) ?? new Set();
  group.told.set(told.message, same.add(pending));
}

function unheard(pending: Pending): void {
  const { group, told } = pending;
  const same = group.told.get(told.message);
  same?.delete(pending);
  if (same?.size === 0) group.told.delete(told.message);
}
