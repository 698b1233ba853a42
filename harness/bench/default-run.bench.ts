import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../exec/exec.ts';
import type { Benchmark, Figure } from './benchmark.ts';
import { childCpuSeconds } from './child-cpu.ts';

/** `ordeal run` as it comes, both controls: the first thing that anybody does with it. */
export const benchmark: Benchmark = {
  name: 'default-run',
  rounds: 1,
  missing: async () => undefined,
  async round(signal) {
    const out = await mkdtemp(join(tmpdir(), 'bench-'));
    try {
      const before = await childCpuSeconds();
      // Whatever the verdicts: the time to them is measured.
      const argv = [process.execPath, 'ordeal.mjs', 'run', '--out', out];
      const { durationMs } = await run(argv, { timeoutMs: 0, signal, okCodes: [0, 1, 2] });
      const after = await childCpuSeconds();
      const figures: Figure[] = [{ name: '`ordeal run`', value: durationMs / 1_000, unit: 's', goal: 60 }];
      if (before !== undefined && after !== undefined) {
        figures.push({ name: 'processor time', value: after - before, unit: 's' });
      }
      return figures;
    } finally {
      await rm(out, { recursive: true, force: true });
    }
  },
};
