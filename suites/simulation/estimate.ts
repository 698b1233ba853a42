import { bootstrap, type Figure } from '../../harness/comparison/resample.ts';
import { interval } from '../../harness/verdict/bounds.ts';

export const CONFIDENCE = 0.95;

/** A figure, and between what it would lie in another draw of the same model. */
export interface Estimate {
  figure: number;
  lower: number;
  /** null: this draw has seen too little to say. */
  upper: number | null;
}

/** The figure of all blocks, by a bootstrap over them. */
export function estimate(blocks: number, figure: Figure, seed: number, rounds: number): Estimate {
  const around = bootstrap({ blocks, figure, seed, rounds }, CONFIDENCE);
  return { figure: figure(new Uint16Array(blocks).fill(1)), ...around };
}

/** A share in percent; Clopper–Pearson. */
export function sharePercent(bad: number, of: number): Estimate {
  const { lower, upper } = interval(bad, of, CONFIDENCE);
  return { figure: (100 * bad) / of, lower: 100 * lower, upper: 100 * upper };
}
