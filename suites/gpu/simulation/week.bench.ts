import type { Benchmark } from '../../../harness/bench/benchmark.ts';
import { remediesOf } from '../settings.ts';
import { Parameters } from './parameters.ts';
import { weekOf } from './week.ts';

/** A week of a thousand nodes of eight GPUs: one row of `ordeal simulate --suite gpu`, which has 51. */
export const benchmark: Benchmark = {
  name: 'simulated-week',
  rounds: 3,
  missing: async () => undefined,
  async round() {
    const parameters = Parameters.parse({});
    const before = process.cpuUsage().user;
    const heap = process.memoryUsage.rss();
    const from = performance.now();
    weekOf(parameters, remediesOf('incident', parameters.gpusPerNode));
    return [
      {
        name: '1,000 nodes of 8 GPUs for a week, without remedies',
        value: (performance.now() - from) / 1_000,
        unit: 's',
        goal: 10,
      },
      { name: 'processor time', value: (process.cpuUsage().user - before) / 1e6, unit: 's' },
      { name: 'more memory', value: Math.max(0, process.memoryUsage.rss() - heap) / 2 ** 20, unit: 'MiB' },
    ];
  },
};
