/** Pods of the run's own that work on nodes: their namespace, and that they run. */
import type { V1Pod } from '@kubernetes/client-node';
import type { Clock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import type { Kube } from '../../harness/kube/client.ts';
import { ignoring } from '../container-nodes/gpu-nodes.ts';
import { RUN_LABEL } from './objects.ts';
import { paceMs } from './pace.ts';
import { NODE_POD_SECURITY } from './pod-security.ts';

const START_MS = 120_000;
const END_MS = 28_000;
/** Pods outlive the plan's deadline by so much, for what is healed after it. */
const GRACE_S = 120;

/** After these seconds a kubelet ends such a pod, whatever became of the harness and of the API server. */
export function deadlineSecondsOf({ deadline }: { deadline: number }): number {
  return Math.ceil(deadline / 1_000) + GRACE_S;
}

interface Waiting {
  clock: Clock;
  signal: AbortSignal;
}

/** Makes a namespace of level privileged that pods can be made in. */
export async function makeNodesNamespace(
  kube: Kube,
  namespace: string,
  runId: string,
  { clock, signal }: Waiting,
): Promise<void> {
  await kube.core.createNamespace({
    body: { metadata: { name: namespace, labels: { ...NODE_POD_SECURITY, [RUN_LABEL]: runId } } },
  });
  await waitFor(async () => (await kube.core.listNamespacedServiceAccount({ namespace })).items.length > 0, {
    what: `the service account of ${namespace}`,
    deadlineMs: START_MS,
    clock,
    signal,
  });
}

/** Deletes it and waits until nothing of it is left. Safe to repeat. */
export async function removeNodesNamespace(kube: Kube, name: string, clock: Clock): Promise<void> {
  await ignoring(404, kube.core.deleteNamespace({ name }));
  await waitFor(async () => (await ignoring(404, kube.core.readNamespace({ name }))) === undefined, {
    what: `the end of namespace ${name}`,
    deadlineMs: END_MS,
    intervalMs: 250,
    clock,
  });
}

/**
 * Waits until so many pods of a namespace run; they are then as the API server has them.
 * @param what they are, for whoever reads of their failure
 * @throws OrdealError of this code (exit 4) where one has failed, WAIT_DEADLINE (exit 4) that says of each what is missing.
 */
export async function untilRunning(
  kube: Kube,
  namespace: string,
  { code, count, what }: { code: string; count: number; what: string },
  { clock, signal }: Waiting,
): Promise<V1Pod[]> {
  let pods: V1Pod[] = [];
  let seen = '';
  await waitFor(
    async () => {
      pods = (await kube.core.listNamespacedPod({ namespace })).items;
      seen = pods.flatMap((pod) => whyNotRunning(pod) ?? []).join('; ');
      if (pods.some(({ status }) => status?.phase === 'Failed')) throw notStarted(code, what, seen);
      return pods.length === count && seen === '';
    },
    {
      what: `the pods of ${what}`,
      deadlineMs: START_MS,
      intervalMs: paceMs(count, 250),
      seen: () => seen,
      clock,
      signal,
    },
  );
  return pods;
}

function whyNotRunning({ metadata, status }: V1Pod): string | undefined {
  const [container] = status?.containerStatuses ?? [];
  if (container?.state?.running) return undefined;
  const waiting = container?.state?.waiting;
  const blocked = status?.conditions?.find(
    ({ type, status: is }) => type === 'PodScheduled' && is === 'False',
  );
  const why = waiting?.message ?? waiting?.reason ?? blocked?.message ?? status?.phase ?? 'unknown';
  return `${metadata?.name}: ${why}`;
}

function notStarted(code: string, what: string, seen: string): OrdealError {
  return new OrdealError({
    code,
    exit: EXIT.unable,
    tried: `starting ${what}`,
    seen,
    todo: 'see that cluster.workloadImage names an image made by `ordeal images build`, and that the nodes have it',
  });
}
