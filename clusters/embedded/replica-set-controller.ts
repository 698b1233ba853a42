import type { Clock } from '../../harness/clock/clock.ts';
import { eventRecorder, type PostEvent } from './kubelet/event-recorder.ts';
import { selects } from './label-selector.ts';
import { timestamp } from './memory-store.ts';
import { claim, controllerOf } from './owners.ts';
import { availableInMs, byExpendability, isActive, replicaOf, replicaSetStatus } from './replica-set.ts';
import { type KubeObject, StatusError, type Store, type WatchEvent } from './store.ts';
import { keyOf, nameIn, WorkQueue } from './work-queue.ts';

/** What happens to a ReplicaSet's pods is looked at together for so long. */
const BATCH_MS = 50;

/** Keeps as many pods of each ReplicaSet as it is told: makes what is missing, deletes what is too much. */
export class ReplicaSetController {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #event: PostEvent;
  readonly #queue: WorkQueue;
  readonly #unwatch: (() => void)[] = [];

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#event = eventRecorder(store, clock, 'replicaset-controller');
    this.#queue = new WorkQueue(clock, (key) => this.#sync(key));
  }

  start(): void {
    this.#unwatch.push(
      this.#store.watch('replicasets', (event) => this.#onSet(event)),
      this.#store.watch('pods', (event) => this.#onPod(event)),
    );
  }

  stop(): void {
    for (const unwatch of this.#unwatch) unwatch();
    this.#queue.stop();
  }

  #onSet({ type, object, previous }: WatchEvent): void {
    if (type === 'DELETED') this.#queue.drop(keyOf(object));
    // Its own writing of the status is no reason to look again.
    else if (previous?.spec !== object.spec) this.#queue.in(0, keyOf(object));
  }

  #onPod({ object, previous }: WatchEvent): void {
    const { namespace, labels } = object.metadata;
    for (const owner of new Set([controllerOf(object), controllerOf(previous)])) {
      if (owner?.kind === 'ReplicaSet')
        this.#queue.in(BATCH_MS, keyOf({ metadata: { ...owner, namespace } }));
    }
    if (controllerOf(object) || !labels) return;
    for (const set of this.#store.list('replicasets', namespace)) {
      if (selects(set.spec.selector, labels)) this.#queue.in(BATCH_MS, keyOf(set));
    }
  }

  #sync(key: string): void {
    const { namespace, name } = nameIn(key);
    const set = this.#store.get('replicasets', namespace, name);
    if (!set) return;
    const pods = claim(this.#store, 'pods', set, this.#store.list('pods', namespace).filter(isActive));
    const failure = set.metadata.deletionTimestamp ? undefined : this.#manage(set, pods);
    if (failure === undefined) this.#queue.relent(key);
    else this.#queue.retry(key);
    this.#write(set, pods, failure);
    const { minReadySeconds = 0 } = set.spec;
    const waits = pods.flatMap((pod) => availableInMs(pod, minReadySeconds, this.#clock.wall()) || []);
    if (waits.length > 0) this.#queue.in(Math.min(...waits), key);
  }

  /** Makes or deletes pods. Returns why one could not be made. */
  #manage(set: KubeObject, pods: readonly KubeObject[]): string | undefined {
    const { replicas } = set.spec;
    for (const { metadata } of byExpendability(pods).slice(0, Math.max(0, pods.length - replicas))) {
      this.#store.delete('pods', metadata.namespace, metadata.name);
      this.#event(set, 'Normal', 'SuccessfulDelete', `Deleted pod: ${metadata.name}`);
    }
    for (let made = pods.length; made < replicas; made++) {
      try {
        const pod = this.#store.create('pods', replicaOf(set));
        this.#event(set, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
      } catch (error) {
        if (!(error instanceof StatusError)) throw error;
        this.#event(set, 'Warning', 'FailedCreate', `Error creating: ${error.message}`);
        return error.message;
      }
    }
    return undefined;
  }

  #write(set: KubeObject, pods: readonly KubeObject[], failure: string | undefined): void {
    const { namespace, name } = set.metadata;
    const wall = this.#clock.wall();
    const status = replicaSetStatus(set, pods, failure, wall, timestamp(wall));
    if (JSON.stringify(status) === JSON.stringify(set.status)) return;
    this.#store.update('replicasets', namespace, name, (stored) => ({ ...stored, status }), { status: true });
  }
}
