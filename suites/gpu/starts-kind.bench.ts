import { kindReadiness } from '../../clusters/kind/readiness.ts';
import type { Benchmark } from '../../harness/bench/benchmark.ts';
import { measureStarts } from './measure-starts.ts';

const WORKERS = 2;
const STARTS = 96;

/** Start trials on kind: real kubelets and containers, fake GPUs. */
export const benchmark: Benchmark = {
  name: 'gpu-starts-kind',
  rounds: 2,
  async missing() {
    const missing = (await kindReadiness()).filter(({ ok }) => !ok);
    return missing.map(({ name, detail }) => `${name}: ${detail}`).join('; ') || undefined;
  },
  async round(signal) {
    const { perSecond, starts } = await measureStarts(
      ['--cluster', 'kind', '--workers', String(WORKERS), '--set', `suites.0.settings.starts=${STARTS}`],
      signal,
    );
    return [
      { name: 'starts a second under the burst', value: perSecond, unit: '' },
      { name: 'starts under the burst', value: starts, unit: '' },
    ];
  },
};
