import type { Benchmark, Figure } from '../../harness/bench/benchmark.ts';
import { childCpuSeconds } from '../../harness/bench/child-cpu.ts';
import { measureStarts } from './measure-starts.ts';

/** The design's, on embedded. */
const GOAL_PER_SECOND = 100;

/**
 * Start trials on the embedded cluster: the release level's, hardened. Processor time is that of the whole run. Its files
 * are where temporary files are; in memory (TMPDIR=/dev/shm) they cost less than on a disk.
 */
export const benchmark: Benchmark = {
  name: 'gpu-starts',
  rounds: 2,
  missing: async () => undefined,
  async round(signal) {
    const before = await childCpuSeconds();
    const { perSecond, starts } = await measureStarts(['--level', 'release'], signal);
    const after = await childCpuSeconds();
    const figures: Figure[] = [
      { name: 'starts a second under the burst', value: perSecond, unit: '', atLeast: GOAL_PER_SECOND },
      { name: 'starts under the burst', value: starts, unit: '' },
    ];
    if (before !== undefined && after !== undefined) {
      figures.push({ name: 'processor time a start', value: (after - before) / starts, unit: 's' });
    }
    return figures;
  },
};
