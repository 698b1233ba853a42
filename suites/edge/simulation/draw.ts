import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/** What is drawn for one node, each from a generator of its own: what one draws more of changes none of the others. */
const STREAMS = ['rain', 'machinery', 'defect', 'fade', 'tunnel'] as const;
type Purpose = (typeof STREAMS)[number];

/** The generator of one purpose on one node. */
export function streamOf(seed: number, node: number, purpose: Purpose): RandomGenerator {
  // Neighbouring seeds are to have nothing to do with each other: the finaliser of MurmurHash3.
  let mixed = (seed ^ Math.imul(node * STREAMS.length + STREAMS.indexOf(purpose) + 1, 0x9e37_79b9)) >>> 0;
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

/** The times of a Poisson process of so many events an hour, within so many ms. */
export function poissonTimes(perHour: number, overMs: number, random: RandomGenerator): number[] {
  const times: number[] = [];
  if (perHour === 0) return times;
  const gap = () => (-Math.log1p(-uniformFloat64(random)) * 3_600_000) / perHour;
  for (let at = gap(); at < overMs; at += gap()) times.push(at);
  return times;
}
