import { netnsLab } from '../../../clusters/network/netns/lab.ts';
import { netnsReadiness } from '../../../clusters/network/netns/readiness.ts';
import type { Benchmark } from '../../../harness/bench/benchmark.ts';
import { NetnsCutter } from './netns-cut.ts';
import { measureOutages } from './outages.ts';

export const benchmark: Benchmark = {
  name: 'outages-netns',
  rounds: 1,
  async missing() {
    const missing = (await netnsReadiness()).filter(({ ok }) => !ok);
    return missing.map(({ name, detail }) => `${name}: ${detail}`).join('; ') || undefined;
  },
  round: (signal) =>
    measureOutages(signal, {
      open: (nodes, _folder, undo) => netnsLab({ runId: 'bench', nodes, undo, signal }),
      async cutter({ node, path }) {
        if (path.kind !== 'kernel') throw new TypeError(`${node} has no kernel path`);
        return await NetnsCutter.open(path, signal);
      },
    }),
};
