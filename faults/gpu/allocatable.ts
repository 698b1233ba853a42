import type { Kube } from '../../harness/kube/client.ts';

/** What the API server shows as allocatable of a resource on a node; 0 where it shows none. */
export async function allocatableOn(kube: Kube, node: string, resource: string): Promise<number> {
  const { status } = await kube.core.readNode({ name: node });
  return Number(status?.allocatable?.[resource] ?? 0);
}

/** The same of every node of the cluster, by one list. */
export async function allocatableOnAll(kube: Kube, resource: string): Promise<Map<string, number>> {
  const { items } = await kube.core.listNode();
  return new Map(
    items.map(({ metadata, status }) => [metadata?.name ?? '', Number(status?.allocatable?.[resource] ?? 0)]),
  );
}
