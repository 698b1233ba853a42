import jstat from 'jstat';
import { eventRateLowerBound, eventRateUpperBound, interval as rateInterval } from '../verdict/bounds.ts';
import type { Trials } from './series.ts';

export interface Interval {
  lower: number;
  upper: number;
}

/** Events of a Poisson process in so long an exposure. */
export interface Counted {
  events: number;
  exposure: number;
}

/**
 * Fisher's exact test that two proportions are one: two-sided, as twice the smaller tail. It is conditional on the sum
 * of the bad ones, so that its level holds at any size of samples, and more often than it says; Barnard's, which is
 * stronger, would have to search a nuisance parameter over the product of both sample sizes.
 * @returns 1 where either side has no trial: nothing was seen
 */
export function fisherExact(a: Trials, b: Trials): number {
  const bad = a.bad + b.bad;
  const of = a.of + b.of;
  const least = Math.max(0, bad - a.of);
  const most = Math.min(bad, b.of);
  const chance = (k: number) => Math.exp(logChoose(b.of, k) + logChoose(a.of, bad - k) - logChoose(of, bad));
  let below = 0;
  let above = 0;
  for (let k = least; k <= most; k++) {
    const p = chance(k);
    if (k <= b.bad) below += p;
    if (k >= b.bad) above += p;
  }
  return Math.min(1, 2 * Math.min(below, above));
}

/**
 * An interval of the second rate less the first, as shares, that covers the truth with at least `confidence`: the
 * Clopper–Pearson bounds of both, each at a quarter of what that leaves.
 */
export function rateDifference(a: Trials, b: Trials, confidence: number): Interval {
  const each = (1 + confidence) / 2;
  const [first, second] = [rateInterval(a.bad, a.of, each), rateInterval(b.bad, b.of, each)];
  return { lower: second.lower - first.upper, upper: second.upper - first.lower };
}

/**
 * The exact test that two Poisson processes have one rate: of all their events, the second's are binomial by its share of
 * the exposure. Two-sided, as twice the smaller tail.
 */
export function sameEventRate(a: Counted, b: Counted): number {
  const events = a.events + b.events;
  const share = b.exposure / (a.exposure + b.exposure);
  let below = 0;
  let above = 0;
  for (let k = 0; k <= events; k++) {
    const p = Math.exp(logChoose(events, k) + logPower(share, k) + logPower(1 - share, events - k));
    if (k <= b.events) below += p;
    if (k >= b.events) above += p;
  }
  return Math.min(1, 2 * Math.min(below, above));
}

/** As `rateDifference`, of the rates of two Poisson processes. */
export function eventRateDifference(a: Counted, b: Counted, confidence: number): Interval {
  const each = 1 - (1 - confidence) / 4;
  const of = ({ events, exposure }: Counted): Interval => ({
    lower: eventRateLowerBound(events, exposure, each),
    upper: eventRateUpperBound(events, exposure, each),
  });
  const [first, second] = [of(a), of(b)];
  return { lower: second.lower - first.upper, upper: second.upper - first.lower };
}

/**
 * Holm's step-down correction: what each p-value would have to be compared with a level for the chance of any false
 * alarm among all of them to be at most that level, whatever they have to do with each other.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = [...pValues.keys()].sort((a, b) => (pValues[a] ?? 1) - (pValues[b] ?? 1));
  const adjusted = Array.from(pValues, () => 1);
  let most = 0;
  for (const [rank, index] of order.entries()) {
    most = Math.max(most, Math.min(1, (pValues.length - rank) * (pValues[index] ?? 1)));
    adjusted[index] = most;
  }
  return adjusted;
}

function logChoose(n: number, k: number): number {
  return jstat.gammaln(n + 1) - jstat.gammaln(k + 1) - jstat.gammaln(n - k + 1);
}

/** log(p^k), where 0^0 is 1. */
function logPower(p: number, k: number): number {
  return k === 0 ? 0 : k * Math.log(p);
}
