import { messageOf } from '../../harness/errors/error.ts';
import { apiStatus, type Kube } from '../../harness/kube/client.ts';

const ENFORCE = 'pod-security.kubernetes.io/enforce';

/** Of the workload's namespaces: its pods are nothing special. */
export const WORKLOAD_POD_SECURITY = { [ENFORCE]: 'baseline' };
/** Of the fake GPU nodes' namespace: they use the kubelet's own folders. */
export const NODE_POD_SECURITY = { [ENFORCE]: 'privileged' };

/** Why namespaces as the run makes them would not be what it needs; undefined where they would. Nothing is made. */
export async function namespaceRefusal(kube: Kube): Promise<string | undefined> {
  for (const labels of [WORKLOAD_POD_SECURITY, NODE_POD_SECURITY]) {
    const level = labels[ENFORCE] as string;
    try {
      const { metadata } = await kube.core.createNamespace({
        body: { metadata: { name: 'ordeal-dry-run', labels } },
        dryRun: 'All',
      });
      const given = metadata?.labels?.[ENFORCE];
      if (given !== level)
        return `the cluster makes it ${given ?? 'without a level'} where ${ENFORCE}=${level} was asked for`;
    } catch (error) {
      const status = apiStatus(error);
      return `with ${ENFORCE}=${level} it was refused (${status ?? messageOf(error)})`;
    }
  }
  return undefined;
}
