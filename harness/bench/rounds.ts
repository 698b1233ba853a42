import { messageOf, OrdealError } from '../errors/error.ts';
import { quantile } from '../verdict/bounds.ts';
import type { Benchmark, Figure } from './benchmark.ts';

/** A figure over all rounds of its benchmark. */
export interface Summary {
  benchmark: string;
  figure: string;
  unit: string;
  goal: number | undefined;
  atLeast: number | undefined;
  /** How often it was measured. */
  rounds: number;
  median: number;
  least: number;
  most: number;
}

/**
 * Runs the first round of each, then the second of each, and so on: what disturbs the machine for a while disturbs all of
 * them alike. A benchmark of which a round fails has no figures; the others go on.
 * @throws the signal's reason
 */
export async function inTurns(
  benchmarks: readonly Benchmark[],
  progress: (line: string) => void,
  signal: AbortSignal,
): Promise<{ summaries: Summary[]; failed: string[] }> {
  const failed: string[] = [];
  const figures = new Map<string, Figure[][]>(benchmarks.map(({ name }) => [name, []]));
  const most = Math.max(0, ...benchmarks.map(({ rounds }) => rounds));
  for (let at = 1; at <= most; at++) {
    for (const { name, round, rounds } of benchmarks) {
      if (at > rounds || !figures.has(name)) continue;
      signal.throwIfAborted();
      progress(`${name}: round ${at} of ${rounds}`);
      try {
        figures.get(name)?.push(await round(signal));
      } catch (error) {
        signal.throwIfAborted();
        figures.delete(name);
        failed.push(name);
        progress(`${name} failed: ${error instanceof OrdealError ? error.format() : messageOf(error)}`);
      }
    }
  }
  return { summaries: [...figures].flatMap(([name, rounds]) => summarise(name, rounds)), failed };
}

/** In the order in which the first round gave them. */
export function summarise(benchmark: string, rounds: readonly (readonly Figure[])[]): Summary[] {
  const first = new Map((rounds[0] ?? []).map((figure) => [figure.name, figure]));
  return [...first.values()].map(({ atLeast, goal, name, unit }) => {
    const values = rounds
      .flatMap((figures) => figures.filter((figure) => figure.name === name))
      .map(({ value }) => value);
    return {
      benchmark,
      figure: name,
      unit,
      goal,
      atLeast,
      rounds: values.length,
      median: quantile(values, 0.5) ?? Number.NaN,
      least: Math.min(...values),
      most: Math.max(...values),
    };
  });
}
