import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/** What interference does to datagrams while it lasts. */
export interface Interference {
  /** In percent of the datagrams. */
  loss: number;
  corrupt: number;
  delayMs: number;
  jitterMs: number;
}

/** A stretch of time, in ms since the interference began, and what it is like. */
export interface Window extends Interference {
  fromMs: number;
  toMs: number;
}

interface Weather {
  overMs: number;
  /** Showers last for seconds; the radio loses some datagrams and takes longer for the rest. */
  rain: { everyMs: number; lastsMs: number } & Interference;
  /** A machine that starts up or strikes: short, hard, and as regular as the machine. */
  machinery: { everyMs: number; lastsMs: number } & Interference;
}

/**
 * Draws when it rains and when the machine runs, and cuts both into stretches that do not overlap; where it rains on a
 * running machine, the worse of each counts. Nothing happens between the stretches. The same seed draws the same.
 */
export function weather({ overMs, rain, machinery }: Weather, seed: number): Window[] {
  const random = xoroshiro128plus(seed);
  return stretches([...showers(rain, overMs, random), ...strokes(machinery, overMs, random)]);
}

/** A shower comes when it likes. */
export function showers(rain: Weather['rain'], overMs: number, random: RandomGenerator): Window[] {
  return spells(rain, overMs, () => 0.3 + 1.4 * uniformFloat64(random));
}

/** A machine keeps its beat to a tenth. */
export function strokes(machinery: Weather['machinery'], overMs: number, random: RandomGenerator): Window[] {
  return spells(machinery, overMs, () => 0.9 + 0.2 * uniformFloat64(random));
}

function spells(
  { everyMs, lastsMs, ...like }: Weather['rain'],
  overMs: number,
  factor: () => number,
): Window[] {
  const windows: Window[] = [];
  let at = everyMs * factor() * 0.5;
  while (at < overMs) {
    const toMs = Math.min(overMs, at + lastsMs * factor());
    windows.push({ fromMs: Math.round(at), toMs: Math.round(toMs), ...like });
    at = Math.max(toMs, at + everyMs * factor());
  }
  return windows.filter(({ fromMs, toMs }) => toMs > fromMs);
}

/** Overlapping windows as a row of stretches, each with the worst of what covers it. */
function stretches(windows: readonly Window[]): Window[] {
  const edges = [...new Set(windows.flatMap(({ fromMs, toMs }) => [fromMs, toMs]))].sort((a, b) => a - b);
  return edges.flatMap((fromMs, index) => {
    const toMs = edges[index + 1];
    const here = windows.filter((window) => window.fromMs <= fromMs && fromMs < window.toMs);
    return toMs === undefined || here.length === 0 ? [] : [{ fromMs, toMs, ...worstOf(here) }];
  });
}

/** Of each figure the highest. */
export function worstOf(all: readonly Interference[]): Interference {
  const worst = (figure: keyof Interference) => Math.max(0, ...all.map((each) => each[figure]));
  return {
    loss: worst('loss'),
    corrupt: worst('corrupt'),
    delayMs: worst('delayMs'),
    jitterMs: worst('jitterMs'),
  };
}
