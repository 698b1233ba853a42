import { ApiException, RbacAuthorizationV1Api } from '@kubernetes/client-node';
import { type Clock, systemClock } from '../../../harness/clock/clock.ts';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { EXIT, OrdealError } from '../../../harness/errors/error.ts';
import type { Kube } from '../../../harness/kube/client.ts';
import { ignoring } from '../../container-nodes/gpu-nodes.ts';
import { type HarnessPlan, harnessObjects } from './manifests.ts';

const GONE_MS = 50_000;

/** Of a session: its namespace, its account, what that may do, and its Job are all called so. */
export function harnessName(runId: string): string {
  return `ordeal-${runId}-harness`;
}

/** The ID of the session in the cluster: what it makes is seen to be of the one outside, and never the other way round. */
export function innerRunId(runId: string): string {
  return `${runId}-in`;
}

/**
 * Makes a session's harness in the cluster, from its namespace on. Whoever calls has registered `removeHarness` as its undo.
 * @throws OrdealError HARNESS_REFUSED (exit 4) with what the API server says.
 */
export async function makeHarness(kube: Kube, plan: HarnessPlan): Promise<void> {
  try {
    await make(kube, plan);
  } catch (error) {
    if (!(error instanceof ApiException)) throw error;
    throw new OrdealError({
      code: 'HARNESS_REFUSED',
      exit: EXIT.unable,
      tried: `making the harness's Job in the namespace ${plan.name}`,
      seen: `the API server answered ${error.code}: ${saidBy(error)}`,
      todo: 'let the cluster’s admission accept it, or run the plan from here, without --in-cluster',
    });
  }
}

/** The message of a Status, where that is what came. */
function saidBy({ body }: ApiException<unknown>): string {
  try {
    return String(JSON.parse(String(body)).message);
  } catch {
    return 'it told no reason';
  }
}

async function make(kube: Kube, plan: HarnessPlan): Promise<void> {
  const rbac = kube.config.makeApiClient(RbacAuthorizationV1Api);
  const { name } = plan;
  const { account, binding, configs, job, namespace, role } = harnessObjects(plan);
  const made = await kube.core.createNamespace({ body: namespace });
  // With its namespace they go, whatever became of who made them.
  const owner = { apiVersion: 'v1', kind: 'Namespace', name, uid: made.metadata?.uid ?? '' };
  const owned = <Meant extends { metadata?: object }>(meant: Meant) => ({
    ...meant,
    metadata: { ...meant.metadata, ownerReferences: [owner] },
  });
  await kube.core.createNamespacedServiceAccount({ namespace: name, body: account });
  await rbac.createClusterRole({ body: owned(role) });
  await rbac.createClusterRoleBinding({ body: owned(binding) });
  for (const body of configs) await kube.core.createNamespacedConfigMap({ namespace: name, body });
  await kube.batch.createNamespacedJob({ namespace: name, body: job });
}

/** Ends a session's harness and removes all that was made for it; names the namespace if there was one. Safe to repeat. */
export async function removeHarness(
  kube: Kube,
  runId: string,
  clock: Clock = systemClock,
): Promise<string[]> {
  const name = harnessName(runId);
  const rbac = kube.config.makeApiClient(RbacAuthorizationV1Api);
  // What it may do goes with the rest, and a harness that still ran would try to heal for all its grace.
  for (const { metadata } of (await kube.core.listNamespacedPod({ namespace: name })).items) {
    const pod = { namespace: name, name: metadata?.name ?? '', gracePeriodSeconds: 1 };
    await ignoring(404, kube.core.deleteNamespacedPod(pod));
  }
  const there = (await ignoring(404, kube.core.deleteNamespace({ name }))) !== undefined;
  await ignoring(404, rbac.deleteClusterRoleBinding({ name }));
  await ignoring(404, rbac.deleteClusterRole({ name }));
  if (!there) return [];
  await waitFor(async () => (await ignoring(404, kube.core.readNamespace({ name }))) === undefined, {
    what: `the end of namespace ${name}`,
    deadlineMs: GONE_MS,
    intervalMs: 250,
    clock,
  });
  return [name];
}
