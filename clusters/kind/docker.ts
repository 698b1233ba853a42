import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import { run } from '../../harness/exec/exec.ts';
import { containersWith, labelValues, networkGateway, networksWithout } from '../container-nodes/docker.ts';
import { K3S_LABEL } from '../container-nodes/labels.ts';
import { OWN_PREFIX } from '../container-nodes/names.ts';

/** kind's label on every container of a cluster; the value is the cluster's name. */
export const CLUSTER_LABEL = 'io.x-k8s.kind.cluster';

/** The node containers of a cluster by name; empty where there is none, or no Docker. */
export async function nodeContainers(cluster: string): Promise<string[]> {
  return containersWith(CLUSTER_LABEL, cluster);
}

/** kind clusters made here, whatever state they are in, and networks that one of them left. */
export async function ownClusters(): Promise<string[]> {
  // kind puts no label on a network.
  const names = [...(await labelValues('container', CLUSTER_LABEL)), ...(await networksWithout(K3S_LABEL))];
  return [...new Set(names)].filter((name) => name.startsWith(OWN_PREFIX)).sort();
}

export async function cgroupVersion(): Promise<'v1' | 'v2'> {
  const answer = await run(['docker', 'info', '--format', '{{.CgroupVersion}}']);
  return answer.stdout.trim() === '1' ? 'v1' : 'v2';
}

/**
 * The address by which this machine is in a cluster’s network, as its gateway: whatever leaves that network comes by it.
 * @throws OrdealError KIND_NO_GATEWAY (exit 4).
 */
export async function gatewayOf(cluster: string): Promise<string> {
  const gateway = await networkGateway(cluster);
  if (gateway !== undefined) return gateway;
  throw new OrdealError({
    code: 'KIND_NO_GATEWAY',
    exit: EXIT.unable,
    tried: `finding this machine’s address in the network of ${cluster}`,
    seen: 'Docker says of none of IPv4',
    todo: `look at \`docker network inspect ${cluster}\``,
  });
}

/** The names that kind gives the nodes of a cluster with one control plane. */
export function nodeNames(cluster: string, workers: number): { controlPlane: string; workers: string[] } {
  return {
    controlPlane: `${cluster}-control-plane`,
    workers: Array.from(
      { length: workers },
      (_, index) => `${cluster}-worker${index === 0 ? '' : index + 1}`,
    ),
  };
}
