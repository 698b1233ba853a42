import type { Plot, SimulationPart } from '../../../harness/simulation/plot.ts';
import type { Estimate } from '../../simulation/estimate.ts';
import { figure } from '../../simulation/words.ts';
import type { Figures } from './figures.ts';
import type { Pair, Simulation } from './simulate.ts';

/** What the page shows of it. */
export function partOf(simulation: Simulation): SimulationPart {
  const { cap, caps, incidentJobs, jobsAtOnce, parameters, rows, seed } = simulation;
  const { days, gpusPerNode, load, nodes, scheduler } = parameters;
  const advised = (which: number | null | undefined) => which ?? 'none';
  return {
    suite: 'gpu',
    title: 'GPU bursts',
    notes: [
      `${nodes} nodes of ${gpusPerNode} GPUs over ${figure(days)} days, seed ${seed}; bursts of ${load.jobs.least} to ${load.jobs.most} Jobs of ${load.replicas} pods ask for ${figure(100 * load.offered)} % of the GPUs; placement: ${scheduler.placement}.`,
      ...(cap
        ? [
            `Of the caps that keep the false allocations at 0.1 % or less, pods wait least under ${advised(cap.alone)} with no other remedy, and under ${advised(cap.hardened)} with all of them.`,
          ]
        : []),
    ],
    plots: [
      rowsPlot('False allocations by remedies', '%', rows, ({ falsePercent }) => falsePercent),
      rowsPlot('Bind latency p99 by remedies', 'ms', rows, ({ bindP99Ms }) => bindP99Ms),
      ...overPlots('the cap', 'GPU pods on a node, at most', caps),
      ...overPlots('the number of Jobs at once', 'Jobs created at once', jobsAtOnce),
      ...overPlots(
        'the number of Jobs at once, on the incident’s three nodes',
        'Jobs created at once',
        incidentJobs,
      ),
    ],
  };
}

function rowsPlot(
  title: string,
  unit: string,
  rows: Simulation['rows'],
  of: (row: Figures) => Estimate | null,
): Plot {
  return {
    kind: 'rows',
    title,
    note: '',
    unit,
    log: false,
    rows: rows.flatMap((row) => {
      const estimate = of(row);
      return estimate ? [{ name: row.remedies, ...estimate }] : [];
    }),
  };
}

function overPlots(what: string, x: string, pairs: readonly Pair[]): Plot[] {
  if (pairs.length === 0) return [];
  const plot = (title: string, unit: string, log: boolean, of: (row: Figures) => Estimate | null): Plot => ({
    kind: 'lines',
    title: `${title} by ${what}`,
    note: '',
    x,
    unit,
    log,
    lines: (['alone', 'hardened'] as const).map((which) => ({
      name: which === 'alone' ? 'no other remedy' : 'all remedies',
      points: pairs.flatMap((pair) => {
        const estimate = of(pair[which]);
        return estimate ? [{ x: pair.at, ...estimate }] : [];
      }),
    })),
  });
  return [
    plot('False allocations', '%', false, ({ falsePercent }) => falsePercent),
    plot('Bind latency p99', 'ms', false, ({ bindP99Ms }) => bindP99Ms),
    plot('GPUs in use', '%', false, ({ utilisationPercent }) => utilisationPercent),
    plot('Mean wait for a node', 's', true, ({ waitMeanMs }) => waitMeanMs && scaled(waitMeanMs, 0.001)),
  ];
}

function scaled({ figure: value, lower, upper }: Estimate, by: number): Estimate {
  return { figure: value * by, lower: lower * by, upper: upper === null ? null : upper * by };
}
