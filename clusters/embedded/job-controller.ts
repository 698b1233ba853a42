import type { Clock } from '../../harness/clock/clock.ts';
import {
  countPod,
  type Ending,
  endingOf,
  indexRanges,
  type JobTally,
  livePods,
  missingIndexes,
  newTally,
  podOf,
  succeededCount,
  wantedActive,
} from './job-status.ts';
import { eventRecorder, type PostEvent } from './kubelet/event-recorder.ts';
import { timestamp } from './memory-store.ts';
import { withCondition } from './pod.ts';
import { type KubeObject, StatusError, type Store, type WatchEvent } from './store.ts';
import { WorkQueue } from './work-queue.ts';

/** What happens to a Job's pods is looked at together for so long; upstream waits a second. */
const BATCH_MS = 50;
const MAX_BACKOFF_MS = 600_000;

/** Pods that are made of a Job in one go, doubling while none is refused: upstream's slow start. */
const FIRST_BATCH = 1;

interface Work {
  namespace: string | undefined;
  name: string;
  tally: JobTally;
  /** Pods that the next go makes at the most. */
  batch: number;
}

/** Runs Jobs: makes, counts and removes pods, and writes what became of them. */
export class JobController {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #event: PostEvent;
  readonly #backoffMs: number;
  readonly #work = new Map<string, Work>();
  /** Jobs to look at, by uid. */
  readonly #queue: WorkQueue;
  readonly #unwatch: (() => void)[] = [];

  /** `backoffMs`: pause after a pod's failure; it doubles with each further one in a row. */
  constructor(store: Store, clock: Clock, backoffMs: number) {
    this.#store = store;
    this.#clock = clock;
    this.#backoffMs = backoffMs;
    this.#event = eventRecorder(store, clock, 'job-controller');
    this.#queue = new WorkQueue(clock, (uid) => this.#sync(uid));
  }

  start(): void {
    this.#unwatch.push(
      this.#store.watch('jobs', (event) => this.#onJob(event)),
      this.#store.watch('pods', (event) => this.#onPod(event)),
    );
  }

  stop(): void {
    for (const unwatch of this.#unwatch) unwatch();
    this.#queue.stop();
  }

  #onJob({ type, object, previous }: WatchEvent): void {
    const { uid, namespace, name } = object.metadata;
    if (type === 'DELETED') {
      this.#queue.drop(uid);
      this.#work.delete(uid);
      return;
    }
    let work = this.#work.get(uid);
    if (!work) {
      work = { namespace, name, tally: newTally(), batch: FIRST_BATCH };
      this.#work.set(uid, work);
    } else if (previous?.spec === object.spec && !object.metadata.deletionTimestamp) return;
    this.#queue.in(0, uid);
  }

  #onPod({ type, object }: WatchEvent): void {
    const owner = object.metadata.ownerReferences?.find(({ controller }) => controller);
    const work = owner && this.#work.get(owner.uid);
    if (!work) return;
    const { uid } = object.metadata;
    if (type === 'DELETED') work.tally.pods.delete(uid);
    else work.tally.pods.set(uid, object);
    countPod(work.tally, object, type === 'DELETED', this.#clock.mono());
    this.#queue.in(BATCH_MS, owner.uid);
  }

  #sync(uid: string): void {
    const work = this.#work.get(uid);
    if (!work) return;
    const job = this.#store.get('jobs', work.namespace, work.name);
    if (job?.metadata.uid !== uid || job.metadata.deletionTimestamp) return;
    if (finished(job)) {
      this.#expire(job, uid, work);
      return;
    }
    const { tally } = work;
    const wall = this.#clock.wall();
    let status: KubeObject['status'] = { ...job.status };
    if (job.spec.suspend) {
      this.#drop(job, tally, livePods(tally).active);
      if (!hasCondition(job, 'Suspended')) {
        status = this.#condition(status, 'Suspended', 'True', 'JobSuspended', 'Job suspended');
        this.#event(job, 'Normal', 'Suspended', 'Job suspended');
      }
      delete status.startTime;
      this.#write(job, this.#counted(job, status, tally));
      return;
    }
    if (hasCondition(job, 'Suspended')) {
      status = this.#condition(status, 'Suspended', 'False', 'JobResumed', 'Job resumed');
      this.#event(job, 'Normal', 'Resumed', 'Job resumed');
    }
    status.startTime ??= timestamp(wall);
    const ending = endingOf({ ...job, status }, tally, wall);
    if (ending) {
      this.#end(job, status, tally, ending);
    } else {
      this.#write(job, this.#counted(job, status, tally));
      this.#manage(job, uid, work);
      const { activeDeadlineSeconds } = job.spec;
      if (activeDeadlineSeconds !== undefined)
        this.#queue.in(Math.max(1, Date.parse(status.startTime) + activeDeadlineSeconds * 1_000 - wall), uid);
    }
  }

  /** Makes or removes pods until as many are active as should be. */
  #manage(job: KubeObject, uid: string, work: Work): void {
    const { tally } = work;
    const { active } = livePods(tally);
    const wanted = wantedActive(job, tally, active.length);
    if (active.length > wanted) {
      this.#drop(job, tally, active.slice(wanted));
      return;
    }
    const pause = this.#pauseMs(tally);
    if (active.length === wanted) return;
    if (pause > 0) {
      this.#queue.in(pause, uid);
      return;
    }
    const count = wanted - active.length;
    const indexes =
      job.spec.completionMode === 'Indexed'
        ? missingIndexes(job, tally, active, count)
        : new Array<undefined>(count).fill(undefined);
    const batch = indexes.slice(0, work.batch);
    for (const index of batch) {
      if (this.#createPod(job, index)) {
        this.#queue.relent(uid);
        continue;
      }
      work.batch = FIRST_BATCH;
      this.#queue.retry(uid);
      return;
    }
    // Between two batches others have their turn: Jobs that come at once have their pods made side by side.
    const more = batch.length < indexes.length;
    work.batch = more ? 2 * work.batch : FIRST_BATCH;
    if (more) this.#queue.in(0, uid);
  }

  /** False where the API refused it. */
  #createPod(job: KubeObject, index: number | undefined): boolean {
    try {
      const pod = this.#store.create('pods', podOf(job, index));
      this.#event(job, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
      return true;
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      this.#event(job, 'Warning', 'FailedCreate', `Error creating: ${error.message}`);
      return false;
    }
  }

  #pauseMs({ failuresInARow, failedAt }: JobTally): number {
    if (failuresInARow === 0) return 0;
    const pause = Math.min(MAX_BACKOFF_MS, this.#backoffMs * 2 ** (failuresInARow - 1));
    return failedAt + pause - this.#clock.mono();
  }

  /** Deletes pods on the Job's own account: they count for nothing. */
  #drop(job: KubeObject, tally: JobTally, pods: readonly KubeObject[]): void {
    for (const { metadata } of pods) {
      tally.dropped.add(metadata.uid);
      this.#store.delete('pods', metadata.namespace, metadata.name);
      this.#event(job, 'Normal', 'SuccessfulDelete', `Deleted pod: ${metadata.name}`);
    }
  }

  /** The Job is over in principle: its remaining pods go first, its last condition comes when they have gone. */
  #end(
    job: KubeObject,
    before: KubeObject['status'],
    tally: JobTally,
    { type, reason, message }: Ending,
  ): void {
    const announced = type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget';
    let status = before;
    if (!hasCondition(job, announced)) status = this.#condition(status, announced, 'True', reason, message);
    for (const { metadata } of livePods(tally).active)
      this.#store.delete('pods', metadata.namespace, metadata.name);
    const { active, terminating } = livePods(tally);
    if (active.length + terminating === 0) {
      status = this.#condition(status, type, 'True', reason, message);
      if (type === 'Complete') {
        status.completionTime = timestamp(this.#clock.wall());
        this.#event(job, 'Normal', 'Completed', 'Job completed');
      } else this.#event(job, 'Warning', reason, message);
    }
    this.#write(job, this.#counted(job, status, tally));
  }

  #expire(job: KubeObject, uid: string, work: Work): void {
    const ttl = job.spec.ttlSecondsAfterFinished;
    const ended = finished(job)?.lastTransitionTime;
    if (ttl === undefined || ended === undefined) return;
    const leftMs = Date.parse(ended) + ttl * 1_000 - this.#clock.wall();
    if (leftMs > 0) this.#queue.in(leftMs, uid);
    else this.#store.delete('jobs', work.namespace, work.name, { propagationPolicy: 'Foreground' });
  }

  #condition(
    status: KubeObject['status'],
    type: string,
    value: 'True' | 'False',
    reason: string,
    message: string,
  ) {
    return withCondition(status, type, value, timestamp(this.#clock.wall()), { reason, message });
  }

  #counted(job: KubeObject, status: KubeObject['status'], tally: JobTally): KubeObject['status'] {
    const { active, terminating, ready } = livePods(tally);
    const figures = {
      active: active.length,
      succeeded: succeededCount(job, tally),
      failed: tally.failed.size,
    };
    const { active: _active, succeeded: _succeeded, failed: _failed, ...rest } = status;
    return {
      ...rest,
      // Counts of zero are left out, as the API leaves them out; these two are pointers there and stay.
      ...Object.fromEntries(Object.entries(figures).filter(([, figure]) => figure > 0)),
      ready,
      terminating,
      uncountedTerminatedPods: {},
      ...(job.spec.completionMode === 'Indexed' &&
        tally.indexes.size > 0 && { completedIndexes: indexRanges(tally.indexes) }),
    };
  }

  #write(job: KubeObject, status: KubeObject['status']): void {
    if (JSON.stringify(status) === JSON.stringify(job.status)) return;
    const { namespace, name } = job.metadata;
    this.#store.update('jobs', namespace, name, (stored) => ({ ...stored, status }), { status: true });
    const work = this.#work.get(job.metadata.uid);
    // A Job that has just finished may have a time to live.
    if (work && job.spec.ttlSecondsAfterFinished !== undefined && finished({ ...job, status }))
      this.#queue.in(0, job.metadata.uid);
  }
}

function finished(job: KubeObject): { lastTransitionTime: string } | undefined {
  return job.status?.conditions?.find(
    ({ type, status }: { type: string; status: string }) =>
      (type === 'Complete' || type === 'Failed') && status === 'True',
  );
}

function hasCondition(job: KubeObject, wanted: string): boolean {
  return (
    job.status?.conditions?.some(
      ({ type, status }: { type: string; status: string }) => type === wanted && status === 'True',
    ) ?? false
  );
}
