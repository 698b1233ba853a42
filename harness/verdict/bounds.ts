import jstat from 'jstat';

/**
 * One-sided Clopper–Pearson upper bound of a rate: with probability `confidence`, the true rate is at most this.
 * With no sample it is 1: nothing seen excludes nothing.
 * @param confidence above 0 and below 1
 */
export function upperBound(failures: number, samples: number, confidence: number): number {
  checkCounts(failures, samples, confidence);
  if (failures === samples) return 1;
  // The closed form is exact, where the inverse is iterated.
  if (failures === 0) return -Math.expm1(Math.log1p(-confidence) / samples);
  return jstat.beta.inv(confidence, failures + 1, samples - failures);
}

/** One-sided Clopper–Pearson lower bound of a rate: with probability `confidence`, the true rate is at least this. */
export function lowerBound(failures: number, samples: number, confidence: number): number {
  checkCounts(failures, samples, confidence);
  return samples === 0 ? 0 : 1 - upperBound(samples - failures, samples, confidence);
}

/** Two-sided Clopper–Pearson interval: half of what `confidence` leaves on either side. */
export function interval(
  failures: number,
  samples: number,
  confidence: number,
): { lower: number; upper: number } {
  const oneSided = (1 + confidence) / 2;
  return {
    lower: lowerBound(failures, samples, oneSided),
    upper: upperBound(failures, samples, oneSided),
  };
}

/**
 * How much lower the rate of `other` is than that of `base`: the shares' difference, and an interval in which the rates'
 * lies with at least this confidence. Each rate has its own two-sided Clopper–Pearson interval at half of what `confidence`
 * leaves, so the interval is rather too wide than too narrow, with few samples and rates of nothing too.
 */
export function rateDifference(
  base: { failures: number; samples: number },
  other: { failures: number; samples: number },
  confidence: number,
): { seen: number; lower: number; upper: number } {
  const each = (1 + confidence) / 2;
  const from = interval(base.failures, base.samples, each);
  const to = interval(other.failures, other.samples, each);
  return {
    seen: base.failures / base.samples - other.failures / other.samples,
    lower: from.lower - to.upper,
    upper: from.upper - to.lower,
  };
}

/**
 * One-sided upper bound of how often something happens, from how often it did in a time: with probability `confidence`
 * the true rate is at most this. Exact for events that come independently of each other.
 * @param exposure how long it was watched, in the unit that the rate is per
 */
export function eventRateUpperBound(events: number, exposure: number, confidence: number): number {
  if (!(exposure > 0)) return Number.POSITIVE_INFINITY;
  if (events === 0) return -Math.log1p(-confidence) / exposure;
  return jstat.gamma.inv(confidence, events + 1, 1) / exposure;
}

/** As `eventRateUpperBound`, from below: 0 where there was none. */
export function eventRateLowerBound(events: number, exposure: number, confidence: number): number {
  return events === 0 || !(exposure > 0) ? 0 : jstat.gamma.inv(1 - confidence, events, 1) / exposure;
}

/** The least number of samples whose upper bound is at most `rate` when none of them failed: about 3 / rate at 95 %. */
export function samplesForZeroFailures(rate: number, confidence: number): number {
  return Math.ceil(Math.log1p(-confidence) / Math.log1p(-rate));
}

/**
 * Nearest-rank quantile: the smallest value that at least the share `p` of the values do not exceed. Always one of the
 * values, never interpolated.
 * @param p above 0 and at most 1
 * @returns undefined where there are no values
 */
export function quantile(values: readonly number[], p: number): number | undefined {
  return ascending(values)[nearestRank(values.length, p) - 1];
}

/**
 * Order-statistic upper confidence bound of a quantile, free of any assumption on the distribution: the smallest
 * value that is, with probability `confidence`, at least the population's `p` quantile.
 * @returns null where the values are too few for any of them to be that: p99 at 95 % takes 299.
 */
export function quantileUpperBound(values: readonly number[], p: number, confidence: number): number | null {
  const n = values.length;
  let low = 1;
  let high = n + 1;
  while (low < high) {
    const rank = (low + high) >> 1;
    if (binomialAtMost(rank - 1, n, p) >= confidence) high = rank;
    else low = rank + 1;
  }
  return ascending(values)[low - 1] ?? null;
}

/** P(X ≤ k) for X of Binomial(n, p), by its identity with the incomplete beta function. */
function binomialAtMost(k: number, n: number, p: number): number {
  return k >= n ? 1 : 1 - jstat.beta.cdf(p, k + 1, n - k);
}

/**
 * Which of n ascending values is their `p` quantile, from 1 on. The tolerance undoes what floating point adds to a product
 * that is a whole number: 100 × 0.07.
 */
export function nearestRank(n: number, p: number): number {
  return Math.max(1, Math.ceil(n * p - 1e-9));
}

function ascending(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b);
}

function checkCounts(failures: number, samples: number, confidence: number): void {
  const counted = Number.isInteger(failures) && Number.isInteger(samples) && failures >= 0;
  if (counted && failures <= samples && confidence > 0 && confidence < 1) return;
  throw new RangeError(`no bound of ${failures} in ${samples} at confidence ${confidence}`);
}
