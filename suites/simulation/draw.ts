import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/** The standard normal distribution's 95th percentile. */
const NORMAL_P95 = 1.644_854;

/** The generator of one of the streams of one seed: what one draws more of changes none of the others. */
export function nthStream(seed: number, stream: number): RandomGenerator {
  // Neighbouring seeds are to have nothing to do with each other: the finaliser of MurmurHash3.
  let mixed = (seed ^ Math.imul(stream + 1, 0x9e37_79b9)) >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return xoroshiro128plus(mixed ^ (mixed >>> 16));
}

/** From a range whose logarithms are spread evenly. */
export function logUniform(
  { least, most }: { least: number; most: number },
  random: RandomGenerator,
): number {
  return least * (most / least) ** uniformFloat64(random);
}

/** What tells a log-normal distribution. */
export interface Quantiles {
  p50: number;
  p95: number;
}

/** Log-normal, by two of its quantiles. */
export function logNormal({ p50, p95 }: Quantiles, random: RandomGenerator): number {
  // Box and Muller's.
  const normal =
    Math.sqrt(-2 * Math.log1p(-uniformFloat64(random))) * Math.cos(2 * Math.PI * uniformFloat64(random));
  return p50 * (p95 / p50) ** (normal / NORMAL_P95);
}

/** From one event of a Poisson process of so many an hour to the next, in ms. */
export function poissonGap(perHour: number, random: RandomGenerator): number {
  return (-Math.log1p(-uniformFloat64(random)) * 3_600_000) / perHour;
}

/** The times of a Poisson process of so many events an hour, within so many ms. */
export function poissonTimes(perHour: number, overMs: number, random: RandomGenerator): number[] {
  const times: number[] = [];
  if (perHour === 0) return times;
  const gap = () => poissonGap(perHour, random);
  for (let at = gap(); at < overMs; at += gap()) times.push(at);
  return times;
}
