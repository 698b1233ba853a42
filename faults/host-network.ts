import type { Kube } from '../harness/kube/client.ts';
import type { Surroundings } from '../harness/radius/reach.ts';

/** Pods that speak by their node’s own network, on these nodes. */
export async function hostNetworkPodsOn(
  kube: Kube,
  nodes: readonly string[],
): Promise<Surroundings['hostNetworkPods']> {
  const { items } = await kube.core.listPodForAllNamespaces();
  return items.flatMap(({ metadata, spec }) => {
    const node = spec?.nodeName;
    if (!spec?.hostNetwork || node === undefined || !nodes.includes(node)) return [];
    return [{ namespace: metadata?.namespace ?? '', name: metadata?.name ?? '', node }];
  });
}
