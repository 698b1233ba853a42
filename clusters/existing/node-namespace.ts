import type { V1Pod } from '@kubernetes/client-node';
import type { Clock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import { few } from '../../harness/errors/words.ts';
import type { Kube } from '../../harness/kube/client.ts';
import { paceMs } from '../../harness/kube/pace.ts';
import type { Plan } from '../../harness/plan/schema.ts';
import { ignoring } from '../container-nodes/gpu-nodes.ts';
import { RUN_LABEL } from './objects.ts';
import { NODE_POD_SECURITY } from './pod-security.ts';

const START_MS = 120_000;
const END_MS = 28_000;
/** Pods outlive the plan's deadline by so much, for what is healed after it. */
const GRACE_S = 120;

/** After how long a plan's pods on nodes are ended by their kubelets. */
export function podDeadlineSeconds({ deadline }: Pick<Plan, 'deadline'>): number {
  return Math.ceil(deadline / 1_000) + GRACE_S;
}

export interface NodeNamespace {
  kube: Kube;
  namespace: string;
  clock: Clock;
  signal?: AbortSignal;
}

/** Makes a namespace of a run’s for pods that use their nodes’ own folders, and waits until pods can be made in it. */
export async function makeNodeNamespace(
  { clock, kube, namespace, signal }: NodeNamespace,
  runId: string,
): Promise<void> {
  await kube.core.createNamespace({
    body: { metadata: { name: namespace, labels: { ...NODE_POD_SECURITY, [RUN_LABEL]: runId } } },
  });
  await waitFor(async () => (await kube.core.listNamespacedServiceAccount({ namespace })).items.length > 0, {
    what: `the service account of ${namespace}`,
    deadlineMs: START_MS,
    clock,
    ...(signal && { signal }),
  });
}

/** Removes it with all that is in it, and waits until nothing of it is left, for so long. Safe to repeat. */
export async function removeNodeNamespace(
  { clock, kube, namespace }: NodeNamespace,
  deadlineMs = END_MS,
): Promise<void> {
  await ignoring(404, kube.core.deleteNamespace({ name: namespace }));
  await waitFor(
    async () => (await ignoring(404, kube.core.readNamespace({ name: namespace }))) === undefined,
    { what: `the end of namespace ${namespace}`, deadlineMs, intervalMs: 250, clock },
  );
}

/**
 * Waits until so many pods of it run; they are then as the API server has them.
 * @param what they are, for whoever reads of their failure
 * @throws OrdealError of this code (exit 4) where one has failed, WAIT_DEADLINE (exit 4) that says of each what is missing.
 */
export async function untilRunning(
  { clock, kube, namespace, signal }: NodeNamespace,
  { code, count, what }: { code: string; count: number; what: string },
): Promise<V1Pod[]> {
  let pods: V1Pod[] = [];
  let seen = '';
  await waitFor(
    async () => {
      pods = (await kube.core.listNamespacedPod({ namespace })).items;
      seen = few(
        pods.flatMap((pod) => whyNotRunning(pod) ?? []),
        '; ',
      );
      if (pods.some(({ status }) => status?.phase === 'Failed')) throw notStarted(code, what, seen);
      return pods.length === count && seen === '';
    },
    {
      what: `the pods of ${what}`,
      deadlineMs: START_MS,
      intervalMs: paceMs(count, 250),
      seen: () => seen,
      clock,
      ...(signal && { signal }),
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
