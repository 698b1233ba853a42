import { join } from 'node:path';
import type { V1Container, V1Job, V1Pod } from '@kubernetes/client-node';
import {
  type SimulatedCluster,
  startSimulatedCluster,
} from '../../../../clusters/existing/testing/simulated/cluster.ts';
import { waitFor } from '../../../../harness/clock/wait-for.ts';
import { messageOf } from '../../../../harness/errors/error.ts';
import { burstOrThrow } from '../../../../harness/kube/burst.ts';
import { apiStatus, type Kube } from '../../../../harness/kube/client.ts';
import { ignore } from '../../../namespace.ts';
import { RESOURCE } from '../../settings.ts';
import { JOB_SLOT } from '../../workload/jobs.ts';
import { objectsOf } from './objects.ts';

/** Of so many GPUs each. */
const NODES = 2;
export const SLOTS = 6;
const IN_FORCE_MS = 120_000;
/** Until 1.36 it is off unless told. */
const MUTATING_ADMISSION_POLICY = [
  '--feature-gates=MutatingAdmissionPolicy=true',
  '--runtime-config=admissionregistration.k8s.io/v1beta1=true',
];

const manifest = (name: string) => join(import.meta.dirname, '..', name);

/** The ways in which a pod that asks for a GPU is made to ask for a slot, too, and the manifest of each. */
export const WAYS = {
  kyverno: manifest('kyverno-job-cap.yaml'),
  'kyverno-mutating': manifest('kyverno-mutating-job-cap.yaml'),
  native: manifest('mutating-admission-job-cap.yaml'),
};

/** And this makes nobody ask: it refuses who does not. */
export const REFUSING = manifest('validating-admission-job-cap.yaml');

/** Two nodes of eight GPUs and six slots, simulated, on a real API server with a real scheduler. */
export async function startCappedCluster(name: string): Promise<SimulatedCluster> {
  const cluster = await startSimulatedCluster(
    name,
    { nodes: NODES, watchersSpeak: false },
    MUTATING_ADMISSION_POLICY,
  );
  const resource = JOB_SLOT.replaceAll('/', '~1');
  const { items } = await cluster.kube.core.listNode();
  const body = ['capacity', 'allocatable'].map((of) => ({
    op: 'add',
    path: `/status/${of}/${resource}`,
    value: String(SLOTS),
  }));
  await burstOrThrow(items, ({ metadata }) =>
    cluster.kube.core.patchNodeStatus({ name: metadata?.name ?? '', body }),
  );
  return cluster;
}

/** A namespace in which pods can be made. */
export async function makeNamespace({ kube }: SimulatedCluster, namespace: string): Promise<void> {
  await kube.core.createNamespace({ body: { metadata: { name: namespace } } });
  await waitFor(
    () => kube.core.readNamespacedServiceAccount({ name: 'default', namespace }).catch(ignore(404)),
    { what: `the service account of ${namespace}`, deadlineMs: 60_000 },
  );
}

/** @param gpus of each container */
export function pod(name: string, ...gpus: readonly number[]): V1Pod {
  return podOf(
    name,
    gpus.map((count) => (count > 0 ? { [RESOURCE]: String(count) } : {})),
  );
}

/** A pod with a GPU that asks for a slot itself. */
export function askingPod(name: string): V1Pod {
  return podOf(name, [{ [RESOURCE]: '1', [JOB_SLOT]: '1' }]);
}

function podOf(name: string, limits: readonly Record<string, string>[]): V1Pod {
  const containers = limits.map((each, index) => ({
    name: `container-${index}`,
    image: 'none',
    resources: { limits: each },
  }));
  return { metadata: { name }, spec: { automountServiceAccountToken: false, containers } };
}

/** A Job of that pod. */
export function job(name: string, { spec }: V1Pod): V1Job {
  const restartPolicy = 'Never';
  return { metadata: { name }, spec: { template: { spec: { containers: [], ...spec, restartPolicy } } } };
}

/** What each of its containers asks for of slots, and gets. */
export function slotsOf({ spec }: V1Pod): (string | undefined)[] {
  return (spec?.containers ?? []).map(slots);
}

function slots({ name, resources }: V1Container): string | undefined {
  const [limit, request] = [resources?.limits?.[JOB_SLOT], resources?.requests?.[JOB_SLOT]];
  if (limit !== request) throw new Error(`${name} asks for ${request} slots, and may have ${limit}`);
  return limit;
}

/** Puts a manifest's objects on the cluster, once whoever has to accept them does. */
async function put({ kube }: SimulatedCluster, manifest: string): Promise<void> {
  for (const object of objectsOf(manifest)) {
    let seen = '';
    const accepted = () =>
      kube.objects.create(object).catch((error: unknown) => {
        seen = messageOf(error);
        return undefined;
      });
    const what = `${object.kind} ${object.metadata.name} accepted`;
    await waitFor(accepted, { what, deadlineMs: IN_FORCE_MS, intervalMs: 250, seen: () => seen });
  }
}

/** Puts one of the ways on the cluster; answers once a pod of a namespace would get a slot. */
export async function putInForce(
  cluster: SimulatedCluster,
  manifest: string,
  namespace: string,
): Promise<void> {
  await put(cluster, manifest);
  await untilGiven(cluster.kube, namespace, '1');
}

/** Puts what refuses on the cluster; the words with which it refuses a pod of a namespace without a slot. */
export async function putRefusing(cluster: SimulatedCluster, namespace: string): Promise<string> {
  await put(cluster, REFUSING);
  const body = pod('refused', 0, 1);
  const refusal = () =>
    cluster.kube.core.createNamespacedPod({ namespace, dryRun: 'All', body }).then(
      () => undefined,
      (error: unknown) => apiStatus(error) === 422 && messageOf(error),
    );
  return await waitFor(refusal, { what: 'a pod refused', deadlineMs: IN_FORCE_MS, intervalMs: 250 });
}

/** Takes it off again; answers once no pod of a namespace would get a slot. */
export async function takeOff(
  { kube }: SimulatedCluster,
  manifest: string,
  namespace: string,
): Promise<void> {
  for (const object of objectsOf(manifest)) await kube.objects.delete(object);
  await untilGiven(kube, namespace, undefined);
}

/** Until a pod with one GPU would be given that slot, which an API server tells without making the pod. */
export async function untilGiven(kube: Kube, namespace: string, slot: '1' | undefined): Promise<void> {
  let seen = '';
  await waitFor(
    async () => {
      const made = await kube.core
        .createNamespacedPod({ namespace, dryRun: 'All', body: pod('asked', 1) })
        .catch((error: unknown) => {
          seen = messageOf(error);
          return undefined;
        });
      if (!made) return false;
      const [given] = slotsOf(made);
      seen = `it is given ${given ?? 'none'}`;
      return given === slot;
    },
    {
      what: `a pod with a GPU that would be given ${slot ?? 'no'} slot`,
      deadlineMs: IN_FORCE_MS,
      intervalMs: 250,
      seen: () => seen,
    },
  );
}
