import { burstOrThrow } from '../../harness/kube/burst.ts';
import type { Kube } from '../../harness/kube/client.ts';
import { lockedBy, releaseLock } from '../lock.ts';
import { innerRunId, removeHarness } from './in-cluster/harness.ts';
import { connectTo, findContext } from './kubeconfig.ts';
import { RUN_LABEL, removeNamespaces, removeOwnResources } from './objects.ts';
import type { Taken } from './taken.ts';

type Left = Pick<Taken, 'inCluster' | 'nodes' | 'runId'>;

/** Removes what a run that is gone has left on the cluster that it noted; names it. Safe to repeat. */
export async function cleanUp({ context: name, kubeconfig, uid, ...left }: Taken): Promise<string[]> {
  const kube = await connectTo(findContext(name, kubeconfig));
  try {
    const system = await kube.core.readNamespace({ name: 'kube-system' });
    // The cluster that was meant is gone, and took everything with it.
    if (system.metadata?.uid !== uid) return [];
    const { namespaces, resources } = await removeLeft(kube, left);
    return [
      ...namespaces.map((namespace) => `namespace ${namespace} of context ${name}`),
      ...resources.map((resource) => `${resource} from a node of context ${name}`),
    ];
  } finally {
    kube.close();
  }
}

/** The same on a cluster that is connected to. */
export async function removeLeft(
  kube: Kube,
  { inCluster, nodes, runId }: Left,
): Promise<{ namespaces: string[]; resources: string[] }> {
  // First whoever would go on making what is then removed.
  const harness = inCluster ? await removeHarness(kube, runId) : [];
  const namespaces = [...harness, ...(await removeNamespaces(kube, runId))];
  await releaseLock(kube, inCluster ? innerRunId(runId) : runId);
  // Slots of a run that has the cluster by now are its own.
  const others = await kube.core.listNamespace({ labelSelector: RUN_LABEL });
  const taken = others.items.length > 0 || (await lockedBy(kube)) !== undefined;
  const resources = taken ? [] : await burstOrThrow(nodes, (node) => removeOwnResources(kube, node));
  return { namespaces, resources: resources.flat() };
}
