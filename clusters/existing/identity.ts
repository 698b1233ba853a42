import type { V1Node } from '@kubernetes/client-node';
import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import { apiStatus, type Kube } from '../../harness/kube/client.ts';

/** What a cluster says of itself. */
export interface Identity {
  /** UID of the namespace kube-system. */
  uid: string;
  version: string;
  nodes: NodeIdentity[];
}

export interface NodeIdentity {
  name: string;
  controlPlane: boolean;
  ready: boolean;
  /** Why no pod of ours would be put on it; undefined where nothing is in the way. */
  closed: string | undefined;
  kubelet: string;
  containerRuntime: string;
  kernel: string;
  /** Extended resources of its capacity that are GPUs by their name, with how many there are. */
  gpus: Record<string, number>;
}

/** @throws OrdealError CLUSTER_HIDDEN (exit 4) where the user may not even look. */
export async function identify(kube: Kube): Promise<Identity> {
  const [system, { gitVersion }, { items }] = await Promise.all([
    kube.core.readNamespace({ name: 'kube-system' }),
    kube.version.getCode(),
    kube.core.listNode(),
  ]).catch((error: unknown) => {
    throw hidden(error);
  });
  return { uid: system.metadata?.uid ?? '', version: gitVersion, nodes: items.map(nodeIdentity) };
}

function hidden(error: unknown): unknown {
  const status = apiStatus(error);
  if (status === undefined) return error;
  return new OrdealError({
    code: 'CLUSTER_HIDDEN',
    exit: EXIT.unable,
    tried: 'reading the namespace kube-system and the nodes',
    seen: `the API server answered ${status}`,
    todo: 'grant the context’s user get of namespaces and list of nodes; `ordeal doctor --context NAME` prints the ClusterRole',
  });
}

/** Pure. */
export function nodeIdentity({ metadata, spec, status }: V1Node): NodeIdentity {
  const labels = metadata?.labels ?? {};
  const info = status?.nodeInfo;
  return {
    name: metadata?.name ?? '',
    controlPlane:
      'node-role.kubernetes.io/control-plane' in labels || 'node-role.kubernetes.io/master' in labels,
    ready: status?.conditions?.some(({ status: is, type }) => type === 'Ready' && is === 'True') ?? false,
    closed: whyClosed(spec),
    kubelet: info?.kubeletVersion ?? 'unknown',
    containerRuntime: info?.containerRuntimeVersion ?? 'unknown',
    kernel: info?.kernelVersion ?? 'unknown',
    gpus: Object.fromEntries(
      Object.entries(status?.capacity ?? {})
        .filter(([name, count]) => GPU_NAME.test(name) && Number(count) > 0)
        .map(([name, count]) => [name, Number(count)]),
    ),
  };
}

/** `nvidia.com/gpu`, `amd.com/gpu`, `gpu.intel.com/i915`, `nvidia.com/mig-1g.10gb`. */
const GPU_NAME = /^(?!ordeal\.dev\/)([^/]*gpu[^/]*\/.+|[^/]+\/(gpu|mig-)[^/]*)$/i;

function whyClosed(spec: V1Node['spec']): string | undefined {
  if (spec?.unschedulable) return 'cordoned';
  const taint = spec?.taints?.find(({ effect }) => effect !== 'PreferNoSchedule');
  return taint && `taint ${taint.key}:${taint.effect}`;
}
