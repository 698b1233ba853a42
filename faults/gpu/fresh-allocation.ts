import { randomUUID } from 'node:crypto';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { OrdealError } from '../../harness/errors/error.ts';
import { apiStatus } from '../../harness/kube/client.ts';
import type { FaultContext, Seen } from '../port.ts';
import type { ProxiedAt } from './proxied-plugin.ts';

const DONE_MS = 30_000;

/** Whether a pod that asks for one device of a node gets it and runs: by the scheduler, so that no other pod’s is taken. */
export async function freshAllocation(
  { clock, cluster }: FaultContext,
  { namespace, node }: ProxiedAt,
  resource: string,
): Promise<Seen> {
  const { core } = cluster.kube;
  const name = `ordeal-fresh-${randomUUID().slice(0, 8)}`;
  await core.createNamespacedPod({
    namespace,
    body: {
      metadata: { name, labels: { 'app.kubernetes.io/part-of': 'ordeal' } },
      spec: {
        restartPolicy: 'Never',
        automountServiceAccountToken: false,
        nodeSelector: { 'kubernetes.io/hostname': node.name },
        tolerations: [{ key: resource, operator: 'Exists' }],
        containers: [
          {
            name: 'main',
            image: cluster.workloadImage,
            command: ['true'],
            resources: { limits: { [resource]: '1' } },
          },
        ],
      },
    },
  });
  let phase = 'Pending';
  let reason = '';
  try {
    await waitFor(
      async () => {
        const { status } = await core.readNamespacedPod({ namespace, name });
        phase = status?.phase ?? 'Pending';
        reason = status?.message ?? status?.conditions?.find(({ message }) => message)?.message ?? '';
        return phase === 'Succeeded' || phase === 'Failed';
      },
      { what: `the pod ${name}`, deadlineMs: DONE_MS, clock },
    );
  } catch (error) {
    if (!(error instanceof OrdealError)) throw error;
  } finally {
    await core.deleteNamespacedPod({ namespace, name, gracePeriodSeconds: 0 }).catch((error) => {
      if (apiStatus(error) !== 404) throw error;
    });
  }
  if (phase === 'Succeeded') return { seen: true, evidence: 'a fresh pod got a device and ran' };
  return {
    seen: false,
    evidence: `a fresh pod that asks for a device is ${phase}${reason && `: ${reason}`}`,
  };
}
