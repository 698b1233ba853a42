import { lowerBound, upperBound } from '../harness/verdict/bounds.ts';
import { levels } from '../harness/verdict/level.ts';
import type { Level, Requirement } from '../harness/verdict/verdict.ts';

export type Judged = ReturnType<Requirement['check']>;

export interface Target {
  level: Level;
  threshold: number;
}

/** Fewer than the level asks for. */
export function tooFew(samples: number, { level }: Target): string[] {
  const { minSamples } = levels[level];
  return samples < minSamples ? [`${samples} seen, the level ${level} asks for ${minSamples}`] : [];
}

interface Reasons {
  reason: string;
  /** Each keeps a pass from being one. */
  doubts: readonly string[];
}

/** The rate of what must not be among so many starts, in percent, with its upper bound. */
export function judgeRate(count: number, samples: number, target: Target, more: Reasons): Judged {
  const { confidence, maxRate } = levels[target.level];
  const bound = confidence === null || samples === 0 ? null : upperBound(count, samples, confidence);
  const base = {
    measured: samples === 0 ? null : (100 * count) / samples,
    threshold: target.threshold,
    comparison: '<=' as const,
    unit: '%',
    samples,
    confidence: bound === null ? null : confidence,
    upperBound: bound === null ? null : 100 * bound,
  };
  if (base.measured !== null && base.measured > target.threshold)
    return { ...base, verdict: 'fail', reason: more.reason };
  const few = tooFew(samples, target);
  const doubts = [...more.doubts, ...few];
  if (few.length === 0 && bound !== null && maxRate !== null && bound > maxRate) {
    doubts.push(
      `the rate may be ${(bound * 100).toFixed(2)} %, the level ${target.level} allows ${maxRate * 100} %`,
    );
  }
  return settle(base, more.reason, doubts);
}

/** A figure that must not be above its threshold and is no rate. */
export function judgeFigure(
  measured: number | null,
  samples: number,
  target: Target,
  unit: string,
  more: Reasons,
): Judged {
  const { threshold } = target;
  const base = {
    measured,
    threshold,
    comparison: '<=' as const,
    unit,
    samples,
    confidence: null,
    upperBound: null,
  };
  if (measured !== null && measured > threshold) return { ...base, verdict: 'fail', reason: more.reason };
  const doubts = measured === null || samples === 0 ? [...more.doubts, 'nothing was measured'] : more.doubts;
  return settle(base, more.reason, doubts);
}

function settle(base: Omit<Judged, 'verdict' | 'reason'>, reason: string, doubts: readonly string[]): Judged {
  if (doubts.length === 0) return { ...base, verdict: 'pass', reason };
  return { ...base, verdict: 'inconclusive', reason: [reason, ...doubts].join('; ') };
}

/** A share that must be high, in percent, with its lower bound. */
export function judgeShare(good: number, samples: number, target: Target, more: Reasons): Judged {
  const { confidence } = levels[target.level];
  const share = samples === 0 ? null : (100 * good) / samples;
  const bound = confidence === null || samples === 0 ? null : 100 * lowerBound(good, samples, confidence);
  const base = {
    measured: share,
    threshold: target.threshold,
    comparison: '>=' as const,
    unit: '%',
    samples,
    confidence: bound === null ? null : confidence,
    upperBound: bound,
  };
  if (share !== null && share < target.threshold) return { ...base, verdict: 'fail', reason: more.reason };
  const few = tooFew(samples, target);
  const doubts = [...more.doubts, ...few];
  // Only the release level has the sample size that can show a share as high as the incident's 99.5 %.
  if (few.length === 0 && target.level === 'release' && bound !== null && bound < target.threshold) {
    doubts.push(`the share may be as low as ${bound.toFixed(2)} %`);
  }
  return settle(base, more.reason, doubts);
}
