import { controllerReference } from './owners.ts';
import { isReady, isTerminal } from './pod.ts';
import type { KubeObject } from './store.ts';

const INDEX_KEY = 'batch.kubernetes.io/job-completion-index';

/** What the Job controller remembers of one Job: pods that ended stay counted when they are gone. */
export interface JobTally {
  /** Pods that are there, by uid. */
  pods: Map<string, KubeObject>;
  succeeded: Set<string>;
  failed: Set<string>;
  /** Deleted by the controller itself: neither succeeded nor failed. */
  dropped: Set<string>;
  indexes: Set<number>;
  /** Failures since the last success, and when (monotonic ms) the last one was seen. */
  failuresInARow: number;
  failedAt: number;
}

export function newTally(): JobTally {
  return {
    pods: new Map(),
    succeeded: new Set(),
    failed: new Set(),
    dropped: new Set(),
    indexes: new Set(),
    failuresInARow: 0,
    failedAt: 0,
  };
}

/** Counts a pod's end; `gone` where the pod was removed from the API. A deletion before success is a failure. */
export function countPod(tally: JobTally, pod: KubeObject, gone: boolean, mono: number): void {
  const { uid } = pod.metadata;
  if (tally.succeeded.has(uid) || tally.failed.has(uid) || tally.dropped.has(uid)) return;
  if (pod.status?.phase === 'Succeeded') {
    tally.succeeded.add(uid);
    tally.failuresInARow = 0;
    const index = indexOf(pod);
    if (index !== undefined) tally.indexes.add(index);
  } else if (pod.status?.phase === 'Failed' || pod.metadata.deletionTimestamp || gone) {
    tally.failed.add(uid);
    tally.failuresInARow += 1;
    tally.failedAt = mono;
  }
}

function indexOf(pod: KubeObject): number | undefined {
  const index = pod.metadata.annotations?.[INDEX_KEY];
  return index === undefined ? undefined : Number(index);
}

/** The pods that count as active, those that are on their way out, and those of the active that are ready. */
export function livePods(tally: JobTally) {
  const live = [...tally.pods.values()].filter((pod) => !isTerminal(pod));
  const active = live.filter(({ metadata }) => !metadata.deletionTimestamp);
  const ready = active.filter(isReady);
  return { active, terminating: live.length - active.length, ready: ready.length };
}

export function succeededCount(job: KubeObject, tally: JobTally): number {
  return job.spec.completionMode === 'Indexed' ? tally.indexes.size : tally.succeeded.size;
}

/** Restarts of the pods' containers, which count as failures where the pods are restarted in place. */
function restartCount(tally: JobTally): number {
  let restarts = 0;
  for (const { status } of tally.pods.values()) {
    for (const container of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])])
      restarts += container.restartCount ?? 0;
  }
  return restarts;
}

export interface Ending {
  type: 'Complete' | 'Failed';
  reason: string;
  message: string;
}

/** How the Job has ended, if it has; its pods may still have to go. */
export function endingOf(job: KubeObject, tally: JobTally, wall: number): Ending | undefined {
  const { activeDeadlineSeconds, backoffLimit, completions } = job.spec;
  const restarts = job.spec.template.spec.restartPolicy === 'OnFailure' ? restartCount(tally) : 0;
  if (tally.failed.size > backoffLimit || (restarts > 0 && restarts >= backoffLimit)) {
    const message = 'Job has reached the specified backoff limit';
    return { type: 'Failed', reason: 'BackoffLimitExceeded', message };
  }
  const started = job.status?.startTime;
  if (
    activeDeadlineSeconds !== undefined &&
    started &&
    wall - Date.parse(started) >= activeDeadlineSeconds * 1_000
  ) {
    const message = 'Job was active longer than specified deadline';
    return { type: 'Failed', reason: 'DeadlineExceeded', message };
  }
  const succeeded = succeededCount(job, tally);
  const complete =
    completions === undefined || completions === null
      ? succeeded > 0 && livePods(tally).active.length === 0
      : succeeded >= completions;
  if (!complete) return undefined;
  return {
    type: 'Complete',
    reason: 'CompletionsReached',
    message: 'Reached expected number of succeeded pods',
  };
}

/** How many pods should be active. */
export function wantedActive(job: KubeObject, tally: JobTally, active: number): number {
  const { completions, parallelism } = job.spec;
  const succeeded = succeededCount(job, tally);
  if (completions === undefined || completions === null) return succeeded > 0 ? active : parallelism;
  return Math.min(completions - succeeded, parallelism);
}

/** Indexes that have neither succeeded nor an active pod, lowest first. */
export function missingIndexes(
  job: KubeObject,
  tally: JobTally,
  active: readonly KubeObject[],
  count: number,
): number[] {
  const taken = new Set([...tally.indexes, ...active.map(indexOf)]);
  const missing: number[] = [];
  for (let index = 0; index < job.spec.completions && missing.length < count; index++) {
    if (!taken.has(index)) missing.push(index);
  }
  return missing;
}

/** Indexes as `status.completedIndexes` has them: `0-2,5`. */
export function indexRanges(indexes: Iterable<number>): string {
  const ranges: [number, number][] = [];
  for (const index of [...indexes].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && last[1] === index - 1) last[1] = index;
    else ranges.push([index, index]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',');
}

/** The pod that a Job makes, for one index where it is Indexed. */
export function podOf(job: KubeObject, index: number | undefined) {
  const { metadata, spec } = job.spec.template;
  const { name, namespace } = job.metadata;
  const indexed = index === undefined ? {} : { [INDEX_KEY]: String(index) };
  const fieldPath = `metadata.annotations['${INDEX_KEY}']`;
  const withIndex = (container: KubeObject) => ({
    ...container,
    env: [{ name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { fieldPath } } }, ...(container.env ?? [])],
  });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...metadata,
      ...(namespace && { namespace }),
      generateName: index === undefined ? `${name}-` : `${name}-${index}-`,
      labels: { ...metadata?.labels, ...indexed },
      annotations: { ...metadata?.annotations, ...indexed },
      ownerReferences: [controllerReference(job)],
    },
    spec:
      index === undefined
        ? spec
        : {
            ...spec,
            hostname: spec.hostname ?? `${name}-${index}`,
            ...(spec.initContainers && { initContainers: spec.initContainers.map(withIndex) }),
            containers: spec.containers.map(withIndex),
          },
  };
}
