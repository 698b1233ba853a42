import { userlandNetwork } from '../../../clusters/network/userland/network.ts';
import type { Benchmark } from '../../../harness/bench/benchmark.ts';
import { measureOutages } from './outages.ts';
import { RelayCutter } from './relay-cut.ts';

export const benchmark: Benchmark = {
  name: 'outages-process',
  rounds: 1,
  missing: async () => undefined,
  round: (signal) =>
    measureOutages(signal, {
      async open(nodes, folder, undo) {
        const network = await userlandNetwork({ nodes, folder, signal });
        undo.push('take the edge network down', () => network.down());
        return network;
      },
      async cutter({ node, path }) {
        if (path.kind !== 'relay') throw new TypeError(`${node} has no relay`);
        return new RelayCutter(path, signal);
      },
    }),
};
