import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A source of chance: uniform from 0 to 1. */
export type Chance = () => number;

/** The same chance for the same seed. */
export function chance(seed: number): Chance {
  const random = xoroshiro128plus(seed);
  return () => uniformFloat64(random);
}

/** In what share of so many rounds it happened. */
export function shareOf(rounds: number, seed: number, happened: (next: Chance) => boolean): number {
  const next = chance(seed);
  let times = 0;
  for (let round = 0; round < rounds; round++) if (happened(next)) times += 1;
  return times / rounds;
}

/** By how much a share of so many rounds may be off by chance alone: four standard errors, once in thirty thousand. */
export function slackOf(share: number, rounds: number): number {
  return 4 * Math.sqrt((share * (1 - share)) / rounds);
}

/** How many of n trials fail, at a rate that is low. */
export function binomial(next: Chance, n: number, rate: number): number {
  let failures = 0;
  // From one failure to the next: geometric.
  for (let at = 0; ; failures++) {
    at += 1 + Math.floor(Math.log(1 - next()) / Math.log1p(-rate));
    if (at > n) return failures;
  }
}

/** Events of a Poisson process of this mean: as many as there is room for times between them. */
export function poisson(next: Chance, mean: number): number {
  let events = 0;
  for (let at = exponential(next); at < mean; at += exponential(next)) events += 1;
  return events;
}

/** Of mean 1. */
export function exponential(next: Chance): number {
  return -Math.log(1 - next());
}
