import { requirement, verdictOf } from '../../verdict/testing/sample.ts';
import type { RequirementVerdict, Verdict } from '../../verdict/verdict.ts';
import type { ComparedRun } from '../compare.ts';
import type { Series, Trials } from '../series.ts';

/** How a made-up cluster is. */
export interface Nature {
  /** Share of starts that fail. */
  failing: number;
  /** Ms that are added to each latency. */
  delayMs: number;
  /** Share of messages lost on a bad link; a tenth of the links are bad. */
  lost: number;
  /** Disconnects an hour. */
  disconnects: number;
  /** By how much whole blocks differ, as a share of a latency. */
  spread: number;
}

export const NATURE: Nature = { failing: 0.02, delayMs: 0, lost: 0.3, disconnects: 20, spread: 0.2 };

/** Series of every kind, as one run of a cluster of this nature gives them. */
export function seriesOf(next: () => number, nature: Nature, margin: number): Series[] {
  const times = (count: number, make: () => number) => Array.from({ length: count }, make);
  const among = (of: number, share: number): Trials => ({
    bad: times(of, next).filter((drawn) => drawn < share).length,
    of,
  });
  const latencies = Array.from({ length: 12 }, () => {
    const own = 1 + nature.spread * next();
    return times(30, () => nature.delayMs + own * (200 + 100 * next() - 60 * Math.log(1 - next())));
  });
  const link = () => (next() < 0.1 ? nature.lost : 0.001);
  const common = { requirement: 'GPU-1', margin };
  return [
    {
      ...common,
      name: 'failing',
      unit: '%',
      kind: 'trials',
      independent: true,
      blocks: [among(150, nature.failing)],
    },
    {
      ...{ ...common, name: 'lost', unit: '%', kind: 'trials', independent: false },
      blocks: Array.from({ length: 20 }, () => among(60, link())),
    },
    { ...common, name: 'p50', unit: 'ms', kind: 'values', quantile: 0.5, blocks: latencies },
    { ...common, name: 'p99', unit: 'ms', kind: 'values', quantile: 0.99, blocks: latencies },
    {
      ...{ ...common, name: 'disconnects', unit: '/h', kind: 'events', exposure: 0.5 },
      events: among(1_000, nature.disconnects / 2_000).bad,
    },
  ];
}

export function runOf(
  series: readonly Series[],
  fields: Partial<RequirementVerdict> = {},
  verdict: Partial<Verdict> = {},
): ComparedRun {
  const judged = verdictOf({ requirements: [requirement(fields)], ...verdict });
  return { dir: 'out/1', verdict: judged, series, ordeal: '0.1.0' };
}
