import { uniformInt } from 'pure-rand/distribution/uniformInt';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/** Nodes by how many pods they take still, so that the one with the most or the least is found at once. */
export class Placement {
  /** Of each node. */
  readonly #free: Int32Array;
  /** Of each node, its place among those that have as much free. */
  readonly #place: Int32Array;
  readonly #byFree: number[][];
  readonly #random: RandomGenerator;
  readonly #packs: boolean;

  constructor(nodes: number, slots: number, policy: 'spread' | 'pack', random: RandomGenerator) {
    this.#free = new Int32Array(nodes).fill(slots);
    this.#place = Int32Array.from({ length: nodes }, (_, node) => node);
    this.#byFree = Array.from({ length: slots + 1 }, () => []);
    this.#byFree[slots] = Array.from({ length: nodes }, (_, node) => node);
    this.#random = random;
    this.#packs = policy === 'pack';
  }

  /** Takes a slot on the best node, among equals by lot; undefined where none is free. */
  take(): number | undefined {
    const most = this.#byFree.length - 1;
    for (let step = 0; step < most; step += 1) {
      const equals = this.#byFree[this.#packs ? step + 1 : most - step] as number[];
      if (equals.length === 0) continue;
      const node = equals[uniformInt(this.#random, 0, equals.length - 1)] as number;
      this.#change(node, -1);
      return node;
    }
    return undefined;
  }

  giveBack(node: number): void {
    this.#change(node, 1);
  }

  #change(node: number, by: 1 | -1): void {
    const free = this.#free[node] as number;
    const from = this.#byFree[free] as number[];
    const to = this.#byFree[free + by];
    if (!to) throw new RangeError(`node ${node} has no more than its slots`);
    const last = from.pop() as number;
    if (last !== node) {
      from[this.#place[node] as number] = last;
      this.#place[last] = this.#place[node] as number;
    }
    this.#place[node] = to.push(node) - 1;
    this.#free[node] = free + by;
  }
}
