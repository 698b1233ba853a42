import { type Demand, misfits, type NodeView, score, unschedulableMessage } from './node-fit.ts';
import type { Domain } from './pod-affinity.ts';

interface Place {
  node: NodeView;
  /** Why the pods do not fit; empty where they do. */
  reasons: readonly string[];
  score: number;
  /** Where among the nodes of its score. */
  at: number;
}

/** Which nodes fit the pods of one demand, and which of these best: a node is looked at anew only when it has changed. */
export class NodeRanking {
  readonly #demand: Demand;
  readonly #closed: readonly Domain[];
  readonly #places = new Map<string, Place>();
  /** Fitting nodes by their score. */
  readonly #fitting = new Map<number, Place[]>();
  readonly #reasons = new Map<string, number>();

  /** @param closed the topology domains that anti-affinity closes to the pods */
  constructor(demand: Demand, closed: readonly Domain[] = []) {
    this.#demand = demand;
    this.#closed = closed;
  }

  look(node: NodeView): void {
    this.forget(node.name);
    const reasons = misfits(this.#demand, node, this.#closed);
    const place: Place = { node, reasons, score: 0, at: 0 };
    this.#places.set(node.name, place);
    for (const reason of reasons) this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
    if (reasons.length > 0) return;
    place.score = score(this.#demand, node);
    const equals = this.#fitting.get(place.score) ?? [];
    this.#fitting.set(place.score, equals);
    place.at = equals.push(place) - 1;
  }

  forget(name: string): void {
    const place = this.#places.get(name);
    if (!place) return;
    this.#places.delete(name);
    for (const reason of place.reasons) {
      const left = (this.#reasons.get(reason) ?? 0) - 1;
      if (left > 0) this.#reasons.set(reason, left);
      else this.#reasons.delete(reason);
    }
    if (place.reasons.length > 0) return;
    const equals = this.#fitting.get(place.score) ?? [];
    const last = equals.pop();
    if (last && last !== place) {
      equals[place.at] = last;
      last.at = place.at;
    }
    if (equals.length === 0) this.#fitting.delete(place.score);
  }

  /** Of the fitting nodes those of the highest score: `draw` says which of so many. Undefined where none fits. */
  best(draw: (count: number) => number): string | undefined {
    if (this.#fitting.size === 0) return undefined;
    const equals = this.#fitting.get(Math.max(...this.#fitting.keys())) ?? [];
    return equals[draw(equals.length)]?.node.name;
  }

  /** Why no node fits, in the scheduler's words. */
  message(): string {
    return unschedulableMessage(this.#places.size, this.#reasons);
  }
}
