import type { Cluster, ClusterNode } from '../../clusters/port.ts';
import type { UpgradeWith } from '../../faults/cluster/upgrade.ts';
import type { FaultKeeper } from '../../faults/wrapper.ts';
import { burstOrThrow } from '../../harness/kube/burst.ts';
import type { SuiteContext } from '../../harness/run/ports.ts';
import { UPGRADE_WAITS, upgradesOf } from '../upgrade.ts';
import { workersOf } from './ground.ts';
import type { Load } from './load.ts';
import type { GpuSettings, Remedies } from './settings.ts';

/** For all nodes; the Job that holds GPUs is ended when the last one is there. */
const HOLD_MS = 3_600_000;

interface Tools {
  keeper: FaultKeeper;
  load: Load;
  /** Waits until every GPU of every worker is allocatable. */
  allAllocatable(): Promise<void>;
}

/**
 * Brings the cluster to another version, a node at a time, control plane first, while a Job holds GPUs on every worker and, as
 * long as workers are upgraded, others start beside. While the API server itself starts anew nothing is asked of it: the pods
 * that are there just go on.
 */
export async function upgradeNodes(
  context: SuiteContext<Cluster>,
  wanted: UpgradeWith,
  sizes: Sizes,
  { allAllocatable, keeper, load }: Tools,
): Promise<void> {
  const { cluster, plan, progress } = context;
  const { fresh, standing } = sizes;
  const job = await load.stand('standing', standing, HOLD_MS);
  for (const { fault, node } of upgradesOf(plan, cluster.nodes, wanted, { drained: true })) {
    await job.settled();
    progress(`gpu: ${node.name} goes to Kubernetes ${wanted.to}`);
    const held = keeper.hold(fault, async () => {}, UPGRADE_WAITS);
    const others = workersOf(cluster).filter(({ name }) => name !== node.name);
    if (node.role === 'control-plane' || fresh === 0) await held;
    else await beside(held, () => load.wave('upgrade', 1, { nodes: namesOf(others), replicas: fresh }));
    await allAllocatable();
  }
  await job.settled();
  await job.end();
}

interface Sizes {
  /** Pods that hold their GPUs all the time: as many as fit on the workers but one. */
  standing: number;
  /** Pods of a Job that starts beside them meanwhile; 0 where there is no room. */
  fresh: number;
}

/** How many pods there may be while one worker has none, by the caps that a plan keeps. Pure. */
export function sizesFor(
  workers: number,
  { gpusPerNode, gpusPerReplica, replicas }: Pick<GpuSettings, 'gpusPerNode' | 'gpusPerReplica' | 'replicas'>,
  { jobCap }: Pick<Remedies, 'jobCap'>,
): Sizes {
  const onNode = Math.min(Math.floor(gpusPerNode / gpusPerReplica), jobCap || gpusPerNode);
  const left = onNode * (workers - 1);
  if (left === 0) return { standing: Math.min(2, onNode), fresh: 0 };
  const standing = Math.min(2 * workers, Math.max(1, left - 1));
  return { standing, fresh: Math.max(0, Math.min(replicas, left - standing)) };
}

/** Does it again and again until something else is over; that comes first where both fail. */
async function beside(over: Promise<void>, again: () => Promise<unknown>): Promise<void> {
  let done = false;
  const until = over.finally(() => {
    done = true;
  });
  await burstOrThrow(
    [
      () => until,
      async () => {
        while (!done) await again();
      },
    ],
    (work) => work(),
  );
}

function namesOf(nodes: readonly ClusterNode[]): string[] {
  return nodes.map(({ name }) => name);
}
