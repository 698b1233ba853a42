import type { Benchmark, Figure } from '../../harness/bench/benchmark.ts';
import { childCpuSeconds } from '../../harness/bench/child-cpu.ts';
import { measureStarts } from './measure-starts.ts';

/** Of the release level's 3,008 an eighth, on an eighth of its 40 fake nodes. */
const STARTS = 376;
const WORKERS = 5;
/** Jobs of eight replicas at once: what the hardened profile's cap lets such nodes hold. */
const JOBS_AT_ONCE = 3;

/** The design's, on embedded. */
const GOAL_PER_SECOND = 100;

/** Start trials on the embedded cluster, hardened profile; processor time is that of the whole run. */
export const benchmark: Benchmark = {
  name: 'gpu-starts',
  rounds: 3,
  missing: async () => undefined,
  async round(signal) {
    const before = await childCpuSeconds();
    const { perSecond, starts } = await measureStarts(
      [
        ...['--set', `suites.0.settings.starts=${STARTS}`],
        ...['--set', `suites.0.settings.jobsAtOnce=${JOBS_AT_ONCE}`, '--set', `cluster.workers=${WORKERS}`],
      ],
      signal,
    );
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
