import { writeSettings } from '../../clusters/gpu-node/control.ts';
import { GpuNodeSettings } from '../../clusters/gpu-node/settings.ts';
import type { Cluster, ClusterNode } from '../../clusters/port.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import type { RunContext } from '../../harness/run/ports.ts';
import { allocatableOn } from './allocatable.ts';

const ALLOCATABLE_MS = 60_000;

type Context = Pick<RunContext, 'clock' | 'progress' | 'signal' | 'undo'>;

/** Starts the fake GPU nodes of a cluster that has none, until the undo. Nothing is faked on nodes that are someone's. */
export async function haveGpuNodes(
  cluster: Cluster,
  nodes: readonly ClusterNode[],
  resource: string,
  { clock, progress, signal, undo }: Context,
): Promise<void> {
  const all = async () => {
    const counts = await Promise.all(nodes.map(({ name }) => allocatableOn(cluster.kube, name, resource)));
    return counts.every((count) => count > 0);
  };
  // The fault says so itself.
  if (nodes.some(({ proxySite, stateDir }) => stateDir === undefined || proxySite)) return;
  // Those that end are listed by their kubelets still.
  if ((await all()) && !(await cluster.gpuNodesEnd?.())) return;
  progress('no fake GPU node runs there: started for as long as the fault is held');
  for (const node of cluster.nodes) if (node.stateDir) await writeSettings(node, GpuNodeSettings.parse({}));
  undo.push('stop the fake GPU nodes', () => cluster.stopGpuNodes());
  await cluster.startGpuNodes();
  await waitFor(all, {
    what: `${resource} on ${nodes.length} nodes`,
    deadlineMs: ALLOCATABLE_MS,
    clock,
    signal,
  });
}
