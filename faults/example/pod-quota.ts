import { apiStatus } from '../../harness/kube/client.ts';
import { reach } from '../../harness/radius/reach.ts';
import type { Fault } from '../port.ts';

const MECHANISM = 'a ResourceQuota of no pod';

/** `example/pod-quota`: no pod is admitted to a namespace of the run's own. */
export function podQuota(id: string, namespace: string, cluster: string): Fault {
  const quota = { namespace, name: id };
  return {
    id,
    kind: 'example/pod-quota',
    target: `namespace ${namespace}`,
    reach: reach({ namespaces: [namespace], resources: ['pods'] }),
    mechanisms: [MECHANISM],
    capability: async () => ({ ok: true, mechanism: MECHANISM }),
    // What `ordeal clean` heals by: it goes with the namespace, and changes nothing on a node.
    healRecord: () => ({ by: 'namespace', namespace, cluster }),
    async inject({ cluster: { kube } }) {
      const body = { metadata: { name: id }, spec: { hard: { pods: '0' } } };
      await kube.core.createNamespacedResourceQuota({ namespace, body });
    },
    // Not whether the quota is there, but whether it does anything: a pod is asked for, and must be refused.
    async bite({ cluster: { kube, workloadImage } }) {
      const pod = { namespace, name: `${id}-look` };
      const containers = [{ name: 'main', image: workloadImage, command: ['true'] }];
      try {
        await kube.core.createNamespacedPod({
          namespace,
          body: { metadata: { name: pod.name }, spec: { containers } },
        });
      } catch (error) {
        if (apiStatus(error) === 403)
          return { seen: true, evidence: 'a pod was refused, forbidden by the quota' };
        throw error;
      }
      await kube.core.deleteNamespacedPod({ ...pod, gracePeriodSeconds: 0 });
      return { seen: false, evidence: 'a pod was admitted' };
    },
    async heal({ cluster: { kube } }) {
      try {
        await kube.core.deleteNamespacedResourceQuota(quota);
      } catch (error) {
        if (apiStatus(error) !== 404) throw error;
      }
    },
    async gone({ cluster: { kube } }) {
      const { items } = await kube.core.listNamespacedResourceQuota({ namespace });
      const left = items.filter(({ metadata }) => metadata?.name === id).length;
      return { seen: left === 0, evidence: `${left} quotas of that name left` };
    },
  };
}
