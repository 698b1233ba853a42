import { withCondition } from './pod.ts';
import { podLimits } from './rollout.ts';
import type { KubeObject } from './store.ts';

/** A progressDeadlineSeconds that says that there is none. */
const NO_DEADLINE = 2 ** 31 - 1;

interface Condition {
  type: string;
  status: string;
  reason: string;
  lastUpdateTime: string;
}

/** How a Deployment stands, by its ReplicaSets' own status. */
export interface Standing {
  deployment: KubeObject;
  /** All of its ReplicaSets, the current one among them. */
  sets: readonly KubeObject[];
  current: KubeObject | undefined;
}

export function limitsOf({ spec }: KubeObject) {
  return podLimits(spec.replicas, spec.strategy.rollingUpdate);
}

/** Its figures and whether it is available; of its progress it says what was said before. */
export function countedStatus({ deployment, sets, current }: Standing, now: string): KubeObject['status'] {
  const total = (figure: (set: KubeObject) => number | undefined) =>
    sets.reduce((sum, set) => sum + (figure(set) ?? 0), 0);
  const available = total(({ status }) => status?.availableReplicas);
  const figures = {
    replicas: total(({ status }) => status?.replicas),
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: total(({ status }) => status?.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, total(({ spec }) => spec.replicas) - available),
  };
  const status = {
    observedGeneration: deployment.metadata.generation,
    // Counts of zero are left out, as the API leaves them out.
    ...Object.fromEntries(Object.entries(figures).filter(([, figure]) => figure > 0)),
    ...(deployment.status?.conditions && { conditions: deployment.status.conditions }),
  };
  const { replicas, unavailable } = limitsOf(deployment);
  const enough = available >= replicas - unavailable;
  const reason = enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable';
  const message = `Deployment ${enough ? 'has' : 'does not have'} minimum availability.`;
  return said(status, 'Available', enough ? 'True' : 'False', reason, message, now);
}

/** The status with what can be said of the rollout: complete, under way, or too long without a step. */
export function progressedStatus(
  { deployment, sets, current }: Standing,
  counted: KubeObject['status'],
  wall: number,
  now: string,
): KubeObject['status'] {
  const status = withFailure(counted, current ?? sets[0], now);
  if (!hasDeadline(deployment)) return status;
  const before = progressOf(status);
  const over = status.replicas === status.updatedReplicas && before?.reason === 'NewReplicaSetAvailable';
  if (over) return status;
  const what = current ? `ReplicaSet "${current.metadata.name}"` : `Deployment "${deployment.metadata.name}"`;
  if (isComplete(deployment, status))
    return progress(status, 'True', 'NewReplicaSetAvailable', `${what} has successfully progressed.`, now);
  if (hasMoved(deployment.status ?? {}, status)) {
    // Said anew at each step: the deadline counts from the last one.
    const more = { reason: 'ReplicaSetUpdated', message: `${what} is progressing.`, lastUpdateTime: now };
    return withCondition(status, 'Progressing', 'True', now, more);
  }
  if (overdueInMs(deployment, status, wall) === 0)
    return progress(status, 'False', 'ProgressDeadlineExceeded', `${what} has timed out progressing.`, now);
  return status;
}

/** Says something of a Deployment's progress; the time of the last word stays where nothing new is said. */
export function progress(
  status: KubeObject['status'],
  value: 'True' | 'False' | 'Unknown',
  reason: string,
  message: string,
  now: string,
): KubeObject['status'] {
  return said(status, 'Progressing', value, reason, message, now);
}

/** The status with the word that a rollout is paused, or that it goes on: its deadline counts from there. */
export function pauseSaid(deployment: KubeObject, now: string): KubeObject['status'] {
  const { spec, status } = deployment;
  const reason = progressOf(status)?.reason;
  if (!hasDeadline(deployment) || reason === 'ProgressDeadlineExceeded') return status;
  if (spec.paused) return progress(status, 'Unknown', 'DeploymentPaused', 'Deployment is paused', now);
  if (reason !== 'DeploymentPaused') return status;
  return progress(status, 'Unknown', 'DeploymentResumed', 'Deployment is resumed', now);
}

export function progressOf(status: KubeObject['status']): Condition | undefined {
  return status?.conditions?.find(({ type }: Condition) => type === 'Progressing');
}

/** Milliseconds until a rollout that does not move is given up; undefined where that is not to come. */
export function overdueInMs(
  deployment: KubeObject,
  status: KubeObject['status'],
  wall: number,
): number | undefined {
  const last = progressOf(status);
  if (!hasDeadline(deployment) || !last || last.reason === 'NewReplicaSetAvailable') return undefined;
  if (last.reason === 'ProgressDeadlineExceeded') return undefined;
  return Math.max(
    0,
    Date.parse(last.lastUpdateTime) + deployment.spec.progressDeadlineSeconds * 1_000 - wall,
  );
}

export function isComplete({ spec, metadata }: KubeObject, status: KubeObject['status']): boolean {
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0, observedGeneration } = status;
  const all = [replicas, updatedReplicas, availableReplicas].every((figure) => figure === spec.replicas);
  return all && observedGeneration >= (metadata.generation ?? 0);
}

function hasDeadline({ spec }: KubeObject): boolean {
  return spec.progressDeadlineSeconds < NO_DEADLINE;
}

function hasMoved(before: KubeObject['status'], after: KubeObject['status']): boolean {
  const figures = (status: KubeObject['status']) => {
    const { replicas = 0, updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = status;
    return [updatedReplicas, updatedReplicas - replicas, readyReplicas, availableReplicas];
  };
  const old = figures(before);
  return figures(after).some((figure, index) => figure > (old[index] as number));
}

function withFailure(status: KubeObject['status'], set: KubeObject | undefined, now: string) {
  const failure = set?.status?.conditions?.find(({ type }: Condition) => type === 'ReplicaFailure');
  if (failure) return said(status, 'ReplicaFailure', 'True', failure.reason, failure.message, now);
  return {
    ...status,
    conditions: status.conditions.filter(({ type }: Condition) => type !== 'ReplicaFailure'),
  };
}

function said(
  status: KubeObject['status'],
  type: string,
  value: 'True' | 'False' | 'Unknown',
  reason: string,
  message: string,
  now: string,
): KubeObject['status'] {
  const before = status?.conditions?.find((condition: Condition) => condition.type === type);
  if (before?.status === value && before.reason === reason) return status;
  return withCondition(status, type, value, now, { reason, message, lastUpdateTime: now });
}
