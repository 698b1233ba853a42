import type { Benchmark } from '../../../harness/bench/benchmark.ts';
import { remediesOf } from '../settings.ts';
import { Parameters } from './parameters.ts';
import { fleet } from './simulate.ts';

/** A year of a hundred edge nodes, as the incident had them: the row of `ordeal simulate` that takes longest. */
export const benchmark: Benchmark = {
  name: 'simulated-year',
  rounds: 1,
  missing: async () => undefined,
  async round() {
    const before = process.cpuUsage().user;
    const from = performance.now();
    fleet(Parameters.parse({ nodes: 100, days: 365 }), remediesOf('incident'));
    return [
      {
        name: '100 nodes for a year, without remedies',
        value: (performance.now() - from) / 1_000,
        unit: 's',
        goal: 60,
      },
      { name: 'processor time', value: (process.cpuUsage().user - before) / 1e6, unit: 's' },
    ];
  },
};
