import { nearestRank } from '../../../harness/verdict/bounds.ts';

/** Bins so narrow that a quantile is within half a percent; below a millisecond is one. */
const PER_E_FOLD = 100;
const BINS = 2_200;

/** Durations in ms, block by block, in memory that does not grow with their number. */
export class Histogram {
  readonly #counts: Uint32Array;
  readonly #blocks: number;

  constructor(blocks: number) {
    this.#blocks = blocks;
    this.#counts = new Uint32Array(blocks * BINS);
  }

  add(block: number, ms: number): void {
    const bin = ms < 1 ? 0 : Math.min(BINS - 1, 1 + Math.floor(Math.log(ms) * PER_E_FOLD));
    const at = block * BINS + bin;
    this.#counts[at] = (this.#counts[at] as number) + 1;
  }

  /** Nearest-rank quantile of the blocks, each counted as often as its weight says; NaN where that leaves none. */
  quantile(p: number): (weights: ArrayLike<number>) => number {
    const used = this.#used();
    // Bin by bin: a walk ends where the quantile is.
    const counts = Float64Array.from(
      { length: used.length * this.#blocks },
      (_, at) =>
        this.#counts[(at % this.#blocks) * BINS + (used[Math.floor(at / this.#blocks)] as number)] as number,
    );
    const totals = Array.from({ length: this.#blocks }, (_, block) =>
      this.#counts.subarray(block * BINS, (block + 1) * BINS).reduce((sum, count) => sum + count, 0),
    );
    return (weights) => {
      const total = totals.reduce((sum, count, block) => sum + count * (weights[block] as number), 0);
      const rank = nearestRank(total, p);
      let seen = 0;
      for (let at = 0; at < counts.length; at += 1) {
        const block = at % this.#blocks;
        seen += (counts[at] as number) * (weights[block] as number);
        if (block < this.#blocks - 1 || seen < rank || seen === 0) continue;
        const bin = used[Math.floor(at / this.#blocks)] as number;
        return bin === 0 ? 0 : Math.exp((bin - 0.5) / PER_E_FOLD);
      }
      return Number.NaN;
    };
  }

  /** Bins that any block has something in. */
  #used(): Uint16Array {
    const used = Array.from({ length: BINS }, (_, bin) => bin).filter((bin) => {
      for (let block = 0; block < this.#blocks; block += 1)
        if ((this.#counts[block * BINS + bin] as number) > 0) return true;
      return false;
    });
    return Uint16Array.from(used);
  }
}
