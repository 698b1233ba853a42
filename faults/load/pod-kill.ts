import type { V1Pod } from '@kubernetes/client-node';
import type { Kube } from '../../harness/kube/client.ts';
import { apiStatus } from '../../harness/kube/client.ts';
import { reach } from '../../harness/radius/reach.ts';
import type { Fault } from '../port.ts';

const MECHANISM = 'deletion through the API';

/** `load/pod-kill`: every pod of a Job that runs is deleted, and the Job has to make others. */
export function podKill(id: string, namespace: string, job: string, cluster: string): Fault {
  const killed = new Set<string>();
  const podsOf = async (kube: Kube): Promise<V1Pod[]> => {
    const labelSelector = `batch.kubernetes.io/job-name=${job}`;
    return (await kube.core.listNamespacedPod({ namespace, labelSelector })).items;
  };
  const wasKilled = ({ metadata }: V1Pod) => killed.has(metadata?.uid ?? '');
  return {
    id,
    kind: 'load/pod-kill',
    target: `pods of Job ${job}`,
    reach: reach({ namespaces: [namespace], resources: ['jobs'] }),
    mechanisms: [MECHANISM],
    async capability({ cluster: { kube } }) {
      const running = (await podsOf(kube)).filter(runs);
      return running.length > 0
        ? { ok: true, mechanism: MECHANISM }
        : { ok: false, reason: `no pod of Job ${job} runs` };
    },
    // Nothing of a node was changed, and the Job itself makes the pods anew.
    healRecord: () => ({ by: 'namespace', namespace, cluster }),
    async inject({ cluster: { kube } }) {
      const running = (await podsOf(kube)).filter(runs);
      for (const { metadata } of running) killed.add(metadata?.uid ?? '');
      await Promise.all(
        running.map(async ({ metadata }) => {
          try {
            await kube.core.deleteNamespacedPod({
              namespace,
              name: metadata?.name ?? '',
              body: { preconditions: { uid: metadata?.uid ?? '' } },
            });
          } catch (error) {
            if (apiStatus(error) !== 404) throw error;
          }
        }),
      );
      return { pods: running.map(({ metadata }) => metadata?.name) };
    },
    async bite({ cluster: { kube } }) {
      if (killed.size === 0) return { seen: false, evidence: 'no pod was deleted' };
      const left = (await podsOf(kube)).filter(wasKilled).length;
      return { seen: left === 0, evidence: `${killed.size - left} of ${killed.size} deleted pods are gone` };
    },
    heal: async () => {},
    async gone({ cluster: { kube } }) {
      const again = (await podsOf(kube)).filter((pod) => runs(pod) && !wasKilled(pod)).length;
      return {
        seen: again >= killed.size,
        evidence: `${again} pods of Job ${job} run that were not deleted, ${killed.size} were`,
      };
    },
  };
}

function runs({ metadata, status }: V1Pod): boolean {
  return status?.phase === 'Running' && metadata?.deletionTimestamp === undefined;
}
