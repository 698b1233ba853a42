import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Benchmark, Figure } from '../../harness/bench/benchmark.ts';
import { childCpuSeconds } from '../../harness/bench/child-cpu.ts';
import { run } from '../../harness/exec/exec.ts';
import { readHistory } from '../../harness/history/reader.ts';
import { burstStarts } from './latencies.ts';

/**
 * Start trials on the embedded cluster: the release level's, hardened. Processor time is that of the whole run. Its files
 * are where temporary files are; in memory (TMPDIR=/dev/shm) they cost less than on a disk.
 */
export const benchmark: Benchmark = {
  name: 'gpu-starts',
  rounds: 2,
  missing: async () => undefined,
  async round(signal) {
    const out = await mkdtemp(join(tmpdir(), 'bench-'));
    try {
      const before = await childCpuSeconds();
      await run(
        [
          ...[process.execPath, 'ordeal.mjs', 'run', '--suite', 'gpu', '--profile', 'hardened'],
          ...['--level', 'release', '--out', out],
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
