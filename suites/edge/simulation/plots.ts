import type { Plot, SimulationPart } from '../../../harness/simulation/plot.ts';
import type { Estimate } from '../../simulation/estimate.ts';
import { MONTH_DAYS } from './node.ts';
import type { Simulation } from './simulate.ts';

/** What the page shows of it. */
export function partOf({ parameters, rows, seed }: Simulation): SimulationPart {
  const { days, nodes } = parameters;
  const plot = (title: string, unit: string, of: (row: Simulation['rows'][number]) => Estimate): Plot => ({
    kind: 'rows',
    title,
    note: '',
    unit,
    log: true,
    rows: rows.map((row) => ({ name: row.remedies, ...of(row) })),
  });
  return {
    suite: 'edge',
    title: 'Edge life',
    notes: [`${nodes} edge nodes over ${days} days, seed ${seed}.`],
    plots: [
      plot('Disconnects a node and month', 'a month', ({ disconnectsPerDay: { figure, lower, upper } }) => ({
        figure: figure * MONTH_DAYS,
        lower: lower * MONTH_DAYS,
        upper: upper === null ? null : upper * MONTH_DAYS,
      })),
      plot('Measurements lost', '%', ({ lostPercent }) => lostPercent),
    ],
  };
}
