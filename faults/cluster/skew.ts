/** What the version skew policy of Kubernetes allows of an upgrade. All of it is pure. */
import { withoutV } from '../../harness/kube/version.ts';

interface Version {
  minor: number;
  patch: number;
}

/** A kubelet may be so many minors behind its API server, and none ahead. */
const KUBELET_BEHIND = 3;

/** What an upgrade in place may not do from one version of Kubernetes 1 to another; undefined where it may. */
export function stepRefusal(from: string, to: string): string | undefined {
  const [old, next] = [parsed(from), parsed(to)];
  if (!old || !next) return `${old ? to : from} is no version such as 1.34.4`;
  if (next.minor > old.minor + 1)
    return `from ${withoutV(from)} to ${withoutV(to)} are ${next.minor - old.minor} minor versions: an upgrade in place takes one a step`;
  if (next.minor < old.minor || (next.minor === old.minor && next.patch <= old.patch))
    return `${withoutV(to)} is not newer than ${withoutV(from)}: there is no way back`;
  return undefined;
}

/** Why a kubelet of a version may not be beside an API server of another; undefined where it may. */
export function skewRefusal(kubelet: string, apiServer: string): string | undefined {
  const [node, server] = [parsed(kubelet), parsed(apiServer)];
  if (!node || !server) return `${node ? apiServer : kubelet} is no version such as 1.34.4`;
  if (node.minor > server.minor)
    return `a kubelet ${withoutV(kubelet)} is newer than the API server ${withoutV(apiServer)}: the control plane comes first`;
  if (server.minor - node.minor > KUBELET_BEHIND)
    return `a kubelet ${withoutV(kubelet)} is more than ${KUBELET_BEHIND} minor versions behind the API server ${withoutV(apiServer)}`;
  return undefined;
}

/** Nodes in the order in which they may be upgraded: the control plane, then each worker. */
export function upgradeOrder<Node extends { role: 'control-plane' | 'worker' }>(
  nodes: readonly Node[],
): Node[] {
  return [
    ...nodes.filter(({ role }) => role === 'control-plane'),
    ...nodes.filter(({ role }) => role === 'worker'),
  ];
}

function parsed(version: string): Version | undefined {
  const [, minor, patch] = /^v?1\.(\d+)\.(\d+)/.exec(version) ?? [];
  return minor === undefined ? undefined : { minor: Number(minor), patch: Number(patch) };
}
