import type { Watcher } from './cluster.ts';
import { Histogram } from './histogram.ts';

/** Bursts are independent of each other, how full the cluster is drifts over hours: what is compared is blocks of these. */
const BLOCK_MS = 4 * 3_600_000;
/** More make no interval better, and each figure slower. */
const MOST_BLOCKS = 48;

/** What was counted in one block. */
export interface Block {
  starts: number;
  falseStarts: number;
  failed: number;
  placed: number;
  /** Sum, in ms. */
  waitedMs: number;
  bursts: number;
  /** GPUs whose container runs, times ms. */
  gpuMs: number;
}

/** Counts, block by block, from the end of the warm-up on. */
export class Tally implements Watcher {
  readonly blocks: Block[];
  readonly bindMs: Histogram;
  readonly waitedMs: Histogram;
  /** From the pod's creation to its container's first act. */
  readonly startMs: Histogram;
  /** Of the false starts, for how long they went on without. */
  readonly lacksMs: Histogram;
  /** Pods that were still waiting for a node at the end. */
  leftWaiting = 0;
  readonly #fromMs: number;
  readonly #blockMs: number;
  #running = 0;
  #notedAt = 0;

  constructor(fromMs: number, untilMs: number) {
    this.#fromMs = fromMs;
    this.#notedAt = fromMs;
    this.#blockMs = Math.max(BLOCK_MS, (untilMs - fromMs) / MOST_BLOCKS);
    const count = Math.max(1, Math.ceil((untilMs - fromMs) / this.#blockMs));
    this.blocks = Array.from({ length: count }, () => ({
      ...{ starts: 0, falseStarts: 0, failed: 0, placed: 0, waitedMs: 0, bursts: 0, gpuMs: 0 },
    }));
    [this.bindMs, this.waitedMs, this.startMs, this.lacksMs] = [0, 0, 0, 0].map(
      () => new Histogram(count),
    ) as [Histogram, Histogram, Histogram, Histogram];
  }

  burst(at: number): void {
    const block = this.blocks[this.#index(at)];
    if (block) block.bursts += 1;
  }

  placed(at: number, waitedMs: number): void {
    const index = this.#index(at);
    const block = this.blocks[index];
    if (!block) return;
    block.placed += 1;
    block.waitedMs += waitedMs;
    this.waitedMs.add(index, waitedMs);
  }

  bound(at: number, bindMs: number): void {
    const index = this.#index(at);
    if (this.blocks[index]) this.bindMs.add(index, bindMs);
  }

  began(at: number, sinceCreatedMs: number, lacksMs: number): void {
    this.#change(at, 1);
    const index = this.#index(at);
    const block = this.blocks[index];
    if (!block) return;
    block.starts += 1;
    this.startMs.add(index, sinceCreatedMs);
    if (lacksMs === 0) return;
    block.falseStarts += 1;
    this.lacksMs.add(index, lacksMs);
  }

  ended(at: number): void {
    this.#change(at, -1);
  }

  failed(at: number): void {
    const block = this.blocks[this.#index(at)];
    if (block) block.failed += 1;
  }

  close(at: number, waiting: number): void {
    this.#change(at, 0);
    this.leftWaiting = waiting;
  }

  #index(at: number): number {
    return at < this.#fromMs
      ? -1
      : Math.min(this.blocks.length - 1, Math.floor((at - this.#fromMs) / this.#blockMs));
  }

  #change(at: number, by: number): void {
    while (this.#notedAt < at) {
      const index = this.#index(this.#notedAt);
      const end =
        index === this.blocks.length - 1 ? at : Math.min(at, this.#fromMs + (index + 1) * this.#blockMs);
      (this.blocks[index] as Block).gpuMs += this.#running * (end - this.#notedAt);
      this.#notedAt = end;
    }
    this.#running += by;
  }
}
