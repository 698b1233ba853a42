import type { LedgerLine } from '../../clusters/gpu-node/ledger.ts';
import { eventsOf, type History } from '../../harness/history/event.ts';
import type { ProbeSeen, SuiteEvents } from './events.ts';
import { type Pod, podsOf } from './pods.ts';

type Allocated = Extract<LedgerLine, { type: 'plugin.allocated' }>;

/** Ms from Allocate's answer to the container's first look, by the node's own wall clock on both ends. */
export function startLatencies(history: History): number[] {
  const answered = new Map(
    eventsOf<Allocated>(history, 'ledger.plugin.allocated').map(({ body }) => [body.allocation, body.at]),
  );
  return eventsOf<ProbeSeen>(history, 'gpu.probe').flatMap(({ body }) => {
    const at = answered.get(body.allocation);
    return body.n === 0 && at !== undefined ? [body.at - at] : [];
  });
}

export interface BurstStarts {
  /** Ms from a Job's creation to its pods' first acts: of the pods with GPUs. */
  gpuMs: number[];
  /** The same of the CPU-only pods beside them. */
  cpuMs: number[];
  /** Starts of GPU pods a second, from the first Job's creation to the last first act; undefined without one. */
  perSecond: number | undefined;
}

/** How quickly pods started while many were wanted at once. */
export function burstStarts(history: History): BurstStarts {
  const created = new Map(
    eventsOf<SuiteEvents['job.created']>(history, 'job.created')
      .filter(({ body }) => body.phase === 'burst')
      .map(({ body }) => [body.job, body.at]),
  );
  const pods = podsOf(history);
  const createdAt = (pod: Pod | undefined) => created.get(pod?.last?.job ?? '');
  const gpu: { at: number; ms: number }[] = [];
  for (const pod of pods.values()) {
    const from = createdAt(pod);
    if (from === undefined) continue;
    for (const { at, n } of pod.looks) if (n === 0) gpu.push({ at, ms: at - from });
  }
  const cpuMs = eventsOf<SuiteEvents['bystander.started']>(history, 'bystander.started').flatMap(
    ({ body: { at, podUid } }) => {
      const from = createdAt(pods.get(podUid));
      return from === undefined ? [] : [at - from];
    },
  );
  // One by one: a release has thousands, and an argument list has its limits.
  const from = [...created.values()].reduce((least, at) => Math.min(least, at), Number.POSITIVE_INFINITY);
  const to = gpu.reduce((most, { at }) => Math.max(most, at), Number.NEGATIVE_INFINITY);
  return {
    gpuMs: gpu.map(({ ms }) => ms),
    cpuMs,
    perSecond: to > from ? (1_000 * gpu.length) / (to - from) : undefined,
  };
}
