import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { nthStream } from '../../simulation/draw.ts';

/** What is drawn for one node, each from a generator of its own. */
const STREAMS = ['rain', 'machinery', 'defect', 'fade', 'tunnel'] as const;
type Purpose = (typeof STREAMS)[number];

/** The generator of one purpose on one node. */
export function streamOf(seed: number, node: number, purpose: Purpose): RandomGenerator {
  return nthStream(seed, node * STREAMS.length + STREAMS.indexOf(purpose));
}
