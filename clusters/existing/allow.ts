import { allowanceFile, writeAllowance } from './allowance.ts';
import { type Identity, identify, type NodeIdentity } from './identity.ts';
import { type Context, connectTo, findContext } from './kubeconfig.ts';

/**
 * Allows the cluster of a context to be broken on purpose: by the context's name and by the cluster's UID.
 * @returns what the cluster is, for whoever allows it.
 * @throws OrdealError KUBECONFIG_UNREADABLE, CONTEXT_UNKNOWN, ALLOWANCES_INVALID (exit 3), CLUSTER_UNREACHABLE (exit 4).
 */
export async function allow(name: string, kubeconfig: string | undefined): Promise<string> {
  const context = findContext(name, kubeconfig);
  const kube = await connectTo(context);
  try {
    const identity = await identify(kube);
    writeAllowance({
      context: name,
      uid: identity.uid,
      server: context.server,
      kubeconfig: context.kubeconfig,
      allowedAt: new Date().toISOString(),
    });
    return `${described(context, identity)}\nallowed in ${allowanceFile()}; take its entry out to forbid it again\n`;
  } finally {
    kube.close();
  }
}

/** Pure. */
export function described({ name, server }: Context, { nodes, uid, version }: Identity): string {
  return [
    `context ${name}`,
    `  server   ${server}, Kubernetes ${version}`,
    `  cluster  ${uid} (UID of its namespace kube-system)`,
    ...nodes.map((node) => `  node     ${nodeLine(node)}`),
  ].join('\n');
}

function nodeLine({
  closed,
  containerRuntime,
  controlPlane,
  gpus,
  kubelet,
  name,
  ready,
}: NodeIdentity): string {
  return [
    name,
    ...(controlPlane ? ['control plane'] : []),
    ready ? 'Ready' : 'not Ready',
    ...(closed === undefined ? [] : [`takes no pods (${closed})`]),
    kubelet,
    containerRuntime,
    ...Object.entries(gpus).map(([resource, count]) => `${count} ${resource}`),
  ].join(', ');
}
