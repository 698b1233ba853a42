import { quantile } from '../verdict/bounds.ts';
import type { Benchmark, Figure } from './benchmark.ts';

/** A figure over all rounds of its benchmark. */
export interface Summary {
  benchmark: string;
  figure: string;
  unit: string;
  goal: number | undefined;
  rounds: number;
  median: number;
  least: number;
  most: number;
}

/**
 * Runs the first round of each, then the second of each, and so on: what disturbs the machine for a while disturbs all of
 * them alike.
 * @throws what a round throws; a benchmark that fails has no figures.
 */
export async function inTurns(
  benchmarks: readonly Benchmark[],
  progress: (line: string) => void,
  signal: AbortSignal,
): Promise<Summary[]> {
  const figures = new Map<string, Figure[][]>(benchmarks.map(({ name }) => [name, []]));
  const most = Math.max(0, ...benchmarks.map(({ rounds }) => rounds));
  for (let at = 1; at <= most; at++) {
    for (const { name, round, rounds } of benchmarks) {
      if (at > rounds) continue;
      signal.throwIfAborted();
      progress(`${name}: round ${at} of ${rounds}`);
      figures.get(name)?.push(await round(signal));
    }
  }
  return [...figures].flatMap(([name, rounds]) => summarise(name, rounds));
}

/** In the order in which the first round gave them. */
export function summarise(benchmark: string, rounds: readonly (readonly Figure[])[]): Summary[] {
  return (rounds[0] ?? []).map(({ goal, name, unit }) => {
    const values = rounds
      .flatMap((figures) => figures.filter((figure) => figure.name === name))
      .map(({ value }) => value);
    return {
      benchmark,
      figure: name,
      unit,
      goal,
      rounds: values.length,
      median: quantile(values, 0.5) ?? Number.NaN,
      least: Math.min(...values),
      most: Math.max(...values),
    };
  });
}
