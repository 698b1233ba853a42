import { samplesForZeroFailures } from './bounds.ts';
import type { Level } from './verdict.ts';

export interface LevelDemand {
  /** Fewer observations than this are too few for a pass. */
  minSamples: number;
  /** One-sided, for every bound that is given; null where none is asked for. */
  confidence: number | null;
  /** What the upper bound of a rate that must be zero may be, 0 to 1; null where no bound is asked for. */
  maxRate: number | null;
}

const confidence = 0.95;

/**
 * What each level asks of a requirement before it may pass. Zero failures in n bound the rate by about 3/n at 95 %, so
 * the release level's "below 0.1 %" takes 2,995 clean starts. The standard level's 1 % takes 299, and asks for 300.
 */
export const levels: Record<Level, LevelDemand> = {
  smoke: { minSamples: 1, confidence: null, maxRate: null },
  standard: { minSamples: 300, confidence, maxRate: 0.01 },
  release: { minSamples: samplesForZeroFailures(0.001, confidence), confidence, maxRate: 0.001 },
};
