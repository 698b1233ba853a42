import { type Figure, shareFigure } from '../../../harness/comparison/resample.ts';
import { type Estimate, estimate } from '../../simulation/estimate.ts';
import type { Histogram } from './histogram.ts';
import type { Block, Tally } from './tally.ts';

/** Fewer than of the edge: a quantile walks all bins of all blocks. */
const ROUNDS = 400;

/** What became of all pods under one set of remedies. Intervals: a bootstrap over blocks of four hours or more. */
export interface Figures {
  bursts: number;
  starts: number;
  /** Starts whose container had not the GPU that it was given. */
  falseStarts: number;
  falsePercent: Estimate;
  /** Starts that the kubelet or the plugin gave up. */
  failed: number;
  /** Ms from a container's Allocate to the association; null where none was asked for. */
  bindP50Ms: Estimate | null;
  bindP99Ms: Estimate | null;
  /** Ms from a pod's creation to its container's first act. */
  startP50Ms: Estimate | null;
  startP99Ms: Estimate | null;
  /** Ms from a pod's creation until a node was found. */
  waitMeanMs: Estimate | null;
  waitP99Ms: Estimate | null;
  /** Of all GPUs, those with a running container. */
  utilisationPercent: Estimate;
  /** Pods that waited when the time was over: where it is many, the waits are of how long was simulated. */
  leftWaiting: number;
  /** Ms for which the false starts went on without their GPU, nearest-rank; null where there was none. */
  lacksP50Ms: number | null;
  lacksP99Ms: number | null;
}

/** @param gpus of the whole cluster; @param daysMs how long was counted */
export function figuresOf(tally: Tally, gpus: number, countedMs: number, seed: number): Figures {
  const { blocks } = tally;
  const sum = (of: (block: Block) => number) => blocks.reduce((total, block) => total + of(block), 0);
  const [starts, falseStarts] = [sum((block) => block.starts), sum((block) => block.falseStarts)];
  const around = (figure: Figure) => estimate(blocks.length, figure, seed, ROUNDS);
  const any = (figure: Figure, count: number) => (count === 0 ? null : around(figure));
  const quantile = (of: Histogram, p: number, count = starts) => any(of.quantile(p), count);
  const once = (of: Histogram, p: number) =>
    falseStarts === 0 ? null : of.quantile(p)(new Uint16Array(blocks.length).fill(1));
  const placed = sum((block) => block.placed);
  return {
    bursts: sum((block) => block.bursts),
    starts,
    falseStarts,
    falsePercent:
      // Drawing again from blocks without a false start would find none, whatever the truth.
      falseStarts === 0 ? { figure: 0, lower: 0, upper: null } : around(falseShare(blocks)),
    failed: sum((block) => block.failed),
    bindP50Ms: quantile(tally.bindMs, 0.5),
    bindP99Ms: quantile(tally.bindMs, 0.99),
    startP50Ms: quantile(tally.startMs, 0.5),
    startP99Ms: quantile(tally.startMs, 0.99),
    waitMeanMs: any(
      ratio(
        blocks,
        (block) => block.waitedMs,
        (block) => block.placed,
      ),
      placed,
    ),
    waitP99Ms: quantile(tally.waitedMs, 0.99, placed),
    utilisationPercent: around(
      ratio(
        blocks,
        (block) => (100 * block.gpuMs) / gpus,
        () => countedMs / blocks.length,
      ),
    ),
    leftWaiting: tally.leftWaiting,
    lacksP50Ms: once(tally.lacksMs, 0.5),
    lacksP99Ms: once(tally.lacksMs, 0.99),
  };
}

function falseShare(blocks: readonly Block[]): Figure {
  return shareFigure(blocks.map(({ falseStarts, starts }) => ({ bad: falseStarts, of: starts })));
}

function ratio(blocks: readonly Block[], of: (block: Block) => number, to: (block: Block) => number): Figure {
  const [tops, bottoms] = [blocks.map(of), blocks.map(to)];
  return (weights) => {
    let top = 0;
    let bottom = 0;
    for (const [index, each] of tops.entries()) {
      top += each * (weights[index] ?? 0);
      bottom += (bottoms[index] as number) * (weights[index] ?? 0);
    }
    return top / bottom;
  };
}
