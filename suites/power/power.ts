import { eventRateUpperBound, upperBound } from '../../harness/verdict/bounds.ts';
import type { Outcome } from '../../harness/verdict/verdict.ts';

/** What one run sees of a requirement: trials that are bad or not, or bad events in a time. */
export interface Observation {
  /** Trials, each with a luck of its own, or hours. */
  of: 'trials' | 'hours';
  size: number;
  /** The requirement's verdict on so many bad ones. */
  verdict(bad: number): Outcome;
}

/** True rates: shares of trials, or events an hour. */
export interface Power {
  /** At which a run is refused with these probabilities. */
  refused: Record<Probability, number>;
  /** Above which fewer than one run in twenty passes; null where none does. */
  passed: number | null;
}

/** The first is a false alarm, where what is refused so seldom is thought good enough. */
export const PROBABILITIES = [0.01, 0.5, 0.9, 0.99] as const;
type Probability = (typeof PROBABILITIES)[number];

/**
 * Exact: the chance of so few bad ones is what the Clopper–Pearson bound, and its like for events, leaves out. A
 * requirement that is refused for some number of bad ones has to be refused for more.
 * @throws RangeError where it is never refused
 */
export function powerOf({ of, size, verdict }: Observation): Power {
  let passing = -1;
  let refusing = 0;
  for (; verdict(refusing) !== 'fail'; refusing++) {
    if (refusing > size && of === 'trials') throw new RangeError('nothing is refused, however many are bad');
    if (verdict(refusing) === 'pass') passing = refusing;
  }
  /** The rate at which there are more than `bad` with this probability. */
  const above = (bad: number, probability: number) =>
    of === 'trials' ? upperBound(bad, size, probability) : eventRateUpperBound(bad, size, probability);
  const refused = Object.fromEntries(
    PROBABILITIES.map((probability) => [probability, above(refusing - 1, probability)]),
  ) as Power['refused'];
  return { refused, passed: passing < 0 ? null : above(passing, 0.95) };
}
