import { run } from '../exec/exec.ts';
import type { Benchmark } from './benchmark.ts';

/** From the command to its help on the terminal: what everybody pays every time. */
export const benchmark: Benchmark = {
  name: 'startup',
  rounds: 10,
  missing: async () => undefined,
  async round(signal) {
    const { durationMs } = await run([process.execPath, 'ordeal.mjs', '--help'], { signal });
    return [{ name: '`ordeal --help`', value: durationMs, unit: 'ms', goal: 300 }];
  },
};
