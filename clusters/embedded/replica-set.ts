import { controllerReference } from './owners.ts';
import { isReady, isTerminal, withCondition } from './pod.ts';
import type { KubeObject } from './store.ts';

/** Annotation by which a pod says how dear it is when pods have to go. */
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';

/** A pod that counts as one of its ReplicaSet's: it has not ended and is not on its way out. */
export function isActive(pod: KubeObject): boolean {
  return !isTerminal(pod) && !pod.metadata.deletionTimestamp;
}

/** The pod that a ReplicaSet makes. */
export function replicaOf(set: KubeObject) {
  const { metadata, spec } = set.spec.template;
  const { name, namespace } = set.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...metadata,
      ...(namespace && { namespace }),
      generateName: `${name}-`,
      ownerReferences: [controllerReference(set)],
    },
    spec,
  };
}

/** How long until a pod that is ready counts as available: 0 where it does, undefined where it is not ready. */
export function availableInMs(pod: KubeObject, minReadySeconds: number, wall: number): number | undefined {
  if (!isReady(pod)) return undefined;
  if (minReadySeconds === 0) return 0;
  return Math.max(0, readySince(pod) + minReadySeconds * 1_000 - wall);
}

/** In which order pods go when there are too many: what is least use first. */
export function byExpendability(pods: readonly KubeObject[]): KubeObject[] {
  const onNode = new Map<string, number>();
  for (const { spec } of pods) onNode.set(spec.nodeName, (onNode.get(spec.nodeName) ?? 0) + 1);
  const phases = ['Pending', 'Unknown', 'Running'];
  const worth = (pod: KubeObject) => [
    pod.spec.nodeName ? 1 : 0,
    phases.indexOf(pod.status?.phase),
    isReady(pod) ? 1 : 0,
    Number(pod.metadata.annotations?.[DELETION_COST] ?? 0),
    -(onNode.get(pod.spec.nodeName) ?? 0),
    -readySince(pod),
    -restartsOf(pod),
    -Date.parse(pod.metadata.creationTimestamp),
  ];
  return pods
    .map((pod) => ({ pod, worth: worth(pod) }))
    .sort((a, b) => compare(a.worth, b.worth))
    .map(({ pod }) => pod);
}

/** What is written of a ReplicaSet with these active pods. `failure`: why a pod could not be made. */
export function replicaSetStatus(
  set: KubeObject,
  pods: readonly KubeObject[],
  failure: string | undefined,
  wall: number,
  now: string,
): KubeObject['status'] {
  const { minReadySeconds = 0, template } = set.spec;
  const wanted = Object.entries(template.metadata?.labels ?? {});
  const labelled = pods.filter(({ metadata }) =>
    wanted.every(([key, value]) => metadata.labels?.[key] === value),
  );
  const figures = {
    fullyLabeledReplicas: labelled.length,
    readyReplicas: pods.filter(isReady).length,
    availableReplicas: pods.filter((pod) => availableInMs(pod, minReadySeconds, wall) === 0).length,
  };
  const status = {
    replicas: pods.length,
    ...Object.fromEntries(Object.entries(figures).filter(([, figure]) => figure > 0)),
    observedGeneration: set.metadata.generation,
  };
  if (failure === undefined) return status;
  return withCondition({ ...status, conditions: set.status?.conditions }, 'ReplicaFailure', 'True', now, {
    reason: 'FailedCreate',
    message: failure,
  });
}

function readySince(pod: KubeObject): number {
  const ready = pod.status?.conditions?.find(({ type }: { type: string }) => type === 'Ready');
  return ready?.status === 'True' ? Date.parse(ready.lastTransitionTime) : 0;
}

function restartsOf({ status }: KubeObject): number {
  const statuses: { restartCount: number }[] = status?.containerStatuses ?? [];
  return Math.max(0, ...statuses.map(({ restartCount }) => restartCount));
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((figure, index) => figure !== b[index]);
  return at < 0 ? 0 : (a[at] as number) - (b[at] as number);
}
