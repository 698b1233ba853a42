import type { Cluster, ClusterNode } from '../../clusters/port.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { burstOrThrow } from '../../harness/kube/burst.ts';
import type { Kube } from '../../harness/kube/client.ts';
import { paceMs } from '../../harness/kube/pace.ts';
import type { SuiteContext } from '../../harness/run/ports.ts';
import { ignore } from '../namespace.ts';
import { type GpuSettings, RESOURCE, type Remedies } from './settings.ts';
import { JOB_SLOT } from './workload/jobs.ts';

const QUOTA = 'gpus';

export function workersOf(cluster: Cluster): ClusterNode[] {
  return cluster.nodes.filter(({ role }) => role === 'worker');
}

/** Limits the namespace's GPUs, where the remedies ask for that. */
export async function makeQuota(
  { cluster }: SuiteContext<Cluster>,
  namespace: string,
  settings: GpuSettings,
  remedies: Remedies,
): Promise<void> {
  if (remedies.quota === false) return;
  const perNode = remedies.jobCap === false ? settings.gpusPerNode : remedies.jobCap;
  const hard = remedies.quota === 'auto' ? perNode * workersOf(cluster).length : remedies.quota;
  await cluster.kube.core.createNamespacedResourceQuota({
    namespace,
    body: { metadata: { name: QUOTA }, spec: { hard: { [`requests.${RESOURCE}`]: String(hard) } } },
  });
}

/** Hard and used GPUs of the namespace's quota; undefined where there is none. */
export async function readQuota(
  kube: Kube,
  namespace: string,
): Promise<{ hard: number; used: number } | undefined> {
  const quota = await kube.core.readNamespacedResourceQuota({ namespace, name: QUOTA }).catch(ignore(404));
  if (!quota) return undefined;
  const resource = `requests.${RESOURCE}`;
  return { hard: Number(quota.spec?.hard?.[resource]), used: Number(quota.status?.used?.[resource] ?? 0) };
}

/** Advertises the job slots on the nodes' status: the scheduler then keeps the cap without any controller. */
export async function advertiseSlots(context: SuiteContext<Cluster>, cap: number): Promise<void> {
  const { cluster, undo, clock, signal } = context;
  const path = `/status/capacity/${JOB_SLOT.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  const workers = workersOf(cluster);
  undo.push(`take the job slots from ${workers.length} nodes`, async () => {
    await burstOrThrow(workers, ({ name }) =>
      cluster.kube.core.patchNodeStatus({ name, body: [{ op: 'remove', path }] }).catch(ignore(404, 422)),
    );
  });
  await burstOrThrow(workers, ({ name }) =>
    cluster.kube.core.patchNodeStatus({ name, body: [{ op: 'add', path, value: String(cap) }] }),
  );
  await waitFor(
    async () => {
      const { items } = await cluster.kube.core.listNode();
      const slots = new Map(
        items.map(({ metadata, status }) => [metadata?.name, status?.allocatable?.[JOB_SLOT]]),
      );
      return workers.every(({ name }) => slots.get(name) === String(cap));
    },
    {
      what: `${cap} job slots on every worker`,
      deadlineMs: 60_000,
      intervalMs: paceMs(workers.length, 200),
      clock,
      signal,
    },
  );
}
