import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Benchmark, Figure } from '../../harness/bench/benchmark.ts';
import { timed } from '../../harness/bench/timed.ts';
import { simulatedMissing, startSimulatedCluster } from './testing/simulated/cluster.ts';
import { Pointed, type Said, total } from './testing/simulated/command.ts';

const SIZES = [100, 1_000];

/** What a cluster of so many nodes costs the provider `existing`, against a real API server whose nodes are simulated. */
export const benchmark: Benchmark = {
  name: 'many-nodes',
  rounds: 1,
  missing: simulatedMissing,
  async round(signal) {
    const figures: Figure[] = [];
    for (const nodes of SIZES) figures.push(...(await measured(nodes, signal)));
    return figures;
  },
};

async function measured(nodes: number, signal: AbortSignal): Promise<Figure[]> {
  const name = `simulated-${process.pid}`;
  const home = await mkdtemp(join(tmpdir(), 'bench-'));
  const cluster = await startSimulatedCluster(name, { nodes, watchersSpeak: true });
  try {
    const pointed = new Pointed(cluster, name, home);
    const steps: Record<string, () => Promise<Said>> = {
      allow: () => pointed.ordeal('allow'),
      doctor: () => pointed.ordeal('doctor'),
      'doctor --image': () => pointed.ordeal('doctor', '--image', 'any'),
      'run --dry-run': () => pointed.run('--dry-run'),
      run: () => pointed.run('--out', join(home, 'out')),
    };
    const lists = await timed(async () => await cluster.kube.core.listNode());
    const figures: Figure[] = [{ name: `a list of ${nodes} nodes`, value: lists, unit: 'ms' }];
    for (const [step, act] of Object.entries(steps)) {
      signal.throwIfAborted();
      const { memoryMiB, requests, seconds } = await act();
      const what = `\`ordeal ${step}\`, ${nodes} nodes`;
      figures.push(
        { name: `${what}: time`, value: seconds, unit: 's' },
        { name: `${what}: requests`, value: total(requests), unit: '' },
        { name: `${what}: memory, at most`, value: memoryMiB, unit: 'MiB' },
      );
    }
    return figures;
  } finally {
    await cluster.end();
    await rm(home, { recursive: true, force: true });
  }
}
