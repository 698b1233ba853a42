import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Benchmark, Figure } from '../../harness/bench/benchmark.ts';
import { childCpuSeconds } from '../../harness/bench/child-cpu.ts';
import { run } from '../../harness/exec/exec.ts';
import { readHistory } from '../../harness/history/reader.ts';
import { burstStarts } from './latencies.ts';

/** Of the release level's 3,008 an eighth, on an eighth of its 40 fake nodes. */
const STARTS = 376;
const WORKERS = 5;
/** Jobs of eight replicas at once: what the hardened profile's cap lets such nodes hold. */
const JOBS_AT_ONCE = 3;

/** Start trials on the embedded cluster, hardened profile; processor time is that of the whole run. */
export const benchmark: Benchmark = {
  name: 'gpu-starts',
  rounds: 3,
  missing: async () => undefined,
  async round(signal) {
    const out = await mkdtemp(join(tmpdir(), 'bench-'));
    try {
      const before = await childCpuSeconds();
      await run(
        [
          ...[process.execPath, 'ordeal.mjs', 'run', '--suite', 'gpu', '--profile', 'hardened', '--out', out],
          ...['--set', `suites.0.settings.starts=${STARTS}`],
          ...['--set', `suites.0.settings.jobsAtOnce=${JOBS_AT_ONCE}`, '--set', `cluster.workers=${WORKERS}`],
        ],
        // Refused or certified: it is the speed that is measured.
        { timeoutMs: 0, signal, okCodes: [0, 1, 2] },
      );
      const after = await childCpuSeconds();
      const { gpuMs, perSecond } = burstStarts((await readHistory(join(out, 'events.jsonl'))).events);
      const figures: Figure[] = [
        { name: 'starts a second under the burst', value: perSecond ?? Number.NaN, unit: '' },
        { name: 'starts under the burst', value: gpuMs.length, unit: '' },
      ];
      if (before !== undefined && after !== undefined) {
        figures.push({ name: 'processor time a start', value: (after - before) / gpuMs.length, unit: 's' });
      }
      return figures;
    } finally {
      await rm(out, { recursive: true, force: true });
    }
  },
};
