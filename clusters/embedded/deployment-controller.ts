import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../harness/clock/clock.ts';
import {
  countedStatus,
  isComplete,
  limitsOf,
  overdueInMs,
  pauseSaid,
  progress,
  progressedStatus,
  progressOf,
} from './deployment-status.ts';
import { eventRecorder, type PostEvent } from './kubelet/event-recorder.ts';
import { selects } from './label-selector.ts';
import { timestamp } from './memory-store.ts';
import { claim, controllerOf } from './owners.ts';
import { isTerminal } from './pod.ts';
import { byAge, currentSet, DESIRED, MOST, nextRevision, REVISION, revisionOf, setOf } from './revisions.ts';
import { newShare, oldShares, proportional } from './rollout.ts';
import { type KubeObject, type Plural, StatusError, type Store, type WatchEvent } from './store.ts';
import { keyOf, nameIn, WorkQueue } from './work-queue.ts';

/** What happens to a Deployment's ReplicaSets is looked at together for so long. */
const BATCH_MS = 50;

/** A Deployment with the ReplicaSets that are its own. */
interface Rollout {
  deployment: KubeObject;
  /** The ReplicaSet of the present template; undefined until it is made. */
  current: KubeObject | undefined;
  /** Those of earlier templates, oldest first. */
  old: KubeObject[];
}

/** Moves each Deployment's pods from the ReplicaSets of earlier templates to that of the present one. */
export class DeploymentController {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #event: PostEvent;
  readonly #queue: WorkQueue;
  readonly #unwatch: (() => void)[] = [];

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#event = eventRecorder(store, clock, 'deployment-controller');
    this.#queue = new WorkQueue(clock, (key) => this.#sync(key));
  }

  start(): void {
    this.#unwatch.push(
      this.#store.watch('deployments', (event) => this.#onDeployment(event)),
      this.#store.watch('replicasets', (event) => this.#onSet(event)),
      this.#store.watch('pods', (event) => this.#onPod(event)),
    );
  }

  stop(): void {
    for (const unwatch of this.#unwatch) unwatch();
    this.#queue.stop();
  }

  #onDeployment({ type, object, previous }: WatchEvent): void {
    if (type === 'DELETED') this.#queue.drop(keyOf(object));
    // Its own writing of the status is no reason to look again.
    else if (previous?.spec !== object.spec) this.#queue.in(0, keyOf(object));
  }

  #onSet({ object, previous }: WatchEvent): void {
    const { namespace, labels } = object.metadata;
    for (const owner of new Set([controllerOf(object), controllerOf(previous)])) {
      if (owner) this.#queue.in(BATCH_MS, keyOf({ metadata: { ...owner, namespace } }));
    }
    if (controllerOf(object)) return;
    for (const deployment of this.#store.list('deployments', namespace)) {
      if (selects(deployment.spec.selector, labels)) this.#queue.in(BATCH_MS, keyOf(deployment));
    }
  }

  /** The end of an old pod is what a Deployment that is recreated waits for. */
  #onPod({ type, object }: WatchEvent): void {
    const set = controllerOf(object);
    if (set?.kind !== 'ReplicaSet' || !(type === 'DELETED' || isTerminal(object))) return;
    const { namespace } = object.metadata;
    const owner = controllerOf(this.#store.get('replicasets', namespace, set.name));
    if (owner) this.#queue.in(BATCH_MS, keyOf({ metadata: { ...owner, namespace } }));
  }

  #sync(key: string): void {
    const { namespace, name } = nameIn(key);
    const stored = this.#store.get('deployments', namespace, name);
    if (!stored) return;
    const sets = byAge(claim(this.#store, 'replicasets', stored, this.#store.list('replicasets', namespace)));
    const deployment: KubeObject = { ...stored, status: pauseSaid(stored, this.#now()) };
    const current = currentSet(deployment, sets);
    const rollout = { deployment, current, old: sets.filter((set) => set !== current) };
    if (deployment.metadata.deletionTimestamp) this.#write(rollout, false);
    else if (deployment.spec.paused || resized(sets, deployment)) this.#resize(rollout);
    else this.#write(this.#advance(rollout, key), true);
  }

  /** One step of the rollout; whatever it brings about is a reason to look again. */
  #advance(rollout: Rollout, key: string): Rollout {
    const recreate = rollout.deployment.spec.strategy.type === 'Recreate';
    if (recreate && !this.#emptied(rollout)) return rollout;
    const next = this.#withCurrent(rollout, key);
    if (next.current && !this.#grow(next, next.current) && !recreate) this.#shrink(next, next.current);
    return next;
  }

  /** Takes the pods of earlier templates away. False as long as one of them is still there. */
  #emptied({ deployment, old }: Rollout): boolean {
    for (const set of old) this.#scale(set, 0, deployment);
    const uids = new Set(old.map(({ metadata }) => metadata.uid));
    return !this.#store
      .list('pods', deployment.metadata.namespace)
      .some((pod) => uids.has(controllerOf(pod)?.uid ?? '') && !isTerminal(pod));
  }

  /** With the present template's ReplicaSet, made where there is none, under the newest revision. */
  #withCurrent(rollout: Rollout, key: string): Rollout {
    const { current, deployment, old } = rollout;
    const saying = (value: 'True' | 'False', reason: string, message: string) => ({
      ...deployment,
      status: progress(deployment.status, value, reason, message, this.#now()),
    });
    const revision = { [REVISION]: String(Math.max(nextRevision(old), revisionOf(current))) };
    if (current) {
      this.#annotate('replicasets', current, revision);
      this.#annotate('deployments', deployment, revision);
      if (progressOf(deployment.status)) return rollout;
      const message = `Found new replica set "${current.metadata.name}"`;
      return { ...rollout, deployment: saying('True', 'FoundNewReplicaSet', message) };
    }
    const replicas = newShare(limitsOf(deployment), 0, old.map(shareOf));
    const draft = setOf(deployment, replicas);
    const annotations = { ...revision, ...sizeOf(deployment) };
    try {
      const made = this.#store.create('replicasets', {
        ...draft,
        metadata: { ...draft.metadata, annotations },
      });
      this.#queue.relent(key);
      this.#annotate('deployments', deployment, revision);
      this.#tell(deployment, made, 0, replicas);
      const message = `Created new replica set "${made.metadata.name}"`;
      return { ...rollout, current: made, deployment: saying('True', 'NewReplicaSetCreated', message) };
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      this.#queue.retry(key);
      const message = `Failed to create new replica set "${draft.metadata.name}": ${error.message}`;
      this.#event(deployment, 'Warning', 'ReplicaSetCreateError', message);
      return { ...rollout, deployment: saying('False', 'ReplicaSetCreateError', message) };
    }
  }

  /** Gives the new ReplicaSet what there is room for. True where that changed anything. */
  #grow({ deployment, old }: Rollout, current: KubeObject): boolean {
    const wanted = newShare(limitsOf(deployment), current.spec.replicas, old.map(shareOf));
    return this.#scale(current, wanted, deployment);
  }

  /** Takes from the old ones what availability can spare. */
  #shrink({ deployment, old }: Rollout, current: KubeObject): void {
    const sizes = oldShares(limitsOf(deployment), shareOf(current), old.map(shareOf));
    for (const [index, set] of old.entries()) this.#scale(set, sizes[index] as number, deployment);
  }

  /** Of what a complete rollout has left behind, the empty ReplicaSets beyond the history's limit go. */
  #forget({ deployment, old }: Rollout): void {
    const spent = old.filter(({ spec, status }) => spec.replicas === 0 && !status?.replicas);
    const many = Math.max(0, spent.length - deployment.spec.revisionHistoryLimit);
    for (const { metadata } of spent.slice(0, many))
      this.#store.delete('replicasets', metadata.namespace, metadata.name);
  }

  /** A Deployment whose size changed, or that is paused: its ReplicaSets keep their proportions. */
  #resize(rollout: Rollout): void {
    const { current, deployment, old } = rollout;
    const active = [...old, ...(current ? [current] : [])].filter(({ spec }) => spec.replicas > 0);
    const sizes = new Map<KubeObject, number>();
    if (active.length <= 1) {
      const only = active[0] ?? current ?? old.at(-1);
      if (only) sizes.set(only, deployment.spec.replicas);
    } else if (current && saturated(deployment, current)) {
      for (const set of old) sizes.set(set, 0);
    } else if (deployment.spec.strategy.rollingUpdate) {
      const limits = limitsOf(deployment);
      const base = ({ metadata }: KubeObject) =>
        Number(metadata.annotations?.[MOST] ?? limits.replicas + limits.surge);
      // The largest first, of equals the newest: it takes what rounding leaves.
      const bySize = [...active].reverse().sort((a, b) => b.spec.replicas - a.spec.replicas);
      const slices = bySize.map((set) => ({ replicas: set.spec.replicas, base: base(set) }));
      const shares = proportional(limits, slices);
      for (const [index, set] of bySize.entries()) sizes.set(set, shares[index] as number);
    }
    for (const [set, size] of sizes) this.#scale(set, size, deployment);
    for (const set of active) this.#annotate('replicasets', set, sizeOf(deployment));
    this.#write(rollout, false);
  }

  /** True where the ReplicaSet's size changed. */
  #scale(set: KubeObject, replicas: number, deployment: KubeObject): boolean {
    const before: number = set.spec.replicas;
    this.#annotate('replicasets', set, sizeOf(deployment));
    if (before === replicas) return false;
    const { namespace, name } = set.metadata;
    const resize = (stored: KubeObject) => ({ ...stored, spec: { ...stored.spec, replicas } });
    this.#store.update('replicasets', namespace, name, resize);
    this.#tell(deployment, set, before, replicas);
    return true;
  }

  #tell(deployment: KubeObject, set: KubeObject, from: number, to: number): void {
    if (from === to) return;
    const message = `Scaled ${to > from ? 'up' : 'down'} replica set ${set.metadata.name} from ${from} to ${to}`;
    this.#event(deployment, 'Normal', 'ScalingReplicaSet', message);
  }

  #annotate(plural: Plural, { metadata }: KubeObject, wanted: Record<string, string>): void {
    this.#store.update(plural, metadata.namespace, metadata.name, (stored) => {
      const { annotations } = stored.metadata;
      if (Object.entries(wanted).every(([key, value]) => annotations?.[key] === value)) return stored;
      return { ...stored, metadata: { ...stored.metadata, annotations: { ...annotations, ...wanted } } };
    });
  }

  /** Writes how the ReplicaSets stand now; of the rollout's progress only where it was advanced. */
  #write(rollout: Rollout, advanced: boolean): void {
    const { deployment, current, old } = rollout;
    const { namespace, name } = deployment.metadata;
    const latest = (set: KubeObject) => this.#store.get('replicasets', namespace, set.metadata.name) ?? [];
    const sets = [...old, ...(current ? [current] : [])].flatMap(latest);
    const standing = {
      deployment,
      sets,
      current: sets.find(({ metadata: { uid } }) => uid === current?.metadata.uid),
    };
    const now = this.#now();
    const wall = this.#clock.wall();
    const counted = countedStatus(standing, now);
    const status = advanced ? progressedStatus(standing, counted, wall, now) : counted;
    const write = (stored: KubeObject) =>
      isDeepStrictEqual(status, stored.status) ? stored : { ...stored, status };
    this.#store.update('deployments', namespace, name, write, { status: true });
    if (!advanced) return;
    if (isComplete(deployment, status)) this.#forget(rollout);
    const overdue = overdueInMs(deployment, status, wall);
    if (overdue !== undefined) this.#queue.in(overdue, keyOf(deployment));
  }

  #now(): string {
    return timestamp(this.#clock.wall());
  }
}

function shareOf({ spec, status }: KubeObject) {
  return { replicas: spec.replicas as number, available: (status?.availableReplicas ?? 0) as number };
}

function sizeOf(deployment: KubeObject): Record<string, string> {
  const { replicas, surge } = limitsOf(deployment);
  return { [DESIRED]: String(replicas), [MOST]: String(replicas + surge) };
}

/** Whether the Deployment has another size than its ReplicaSets with pods were last scaled for. */
function resized(sets: readonly KubeObject[], { spec }: KubeObject): boolean {
  const desired = ({ metadata }: KubeObject) => metadata.annotations?.[DESIRED] ?? String(spec.replicas);
  return sets.some((set) => set.spec.replicas > 0 && desired(set) !== String(spec.replicas));
}

/** Whether the present template's ReplicaSet alone is all that the Deployment asks for. */
function saturated({ spec }: KubeObject, current: KubeObject): boolean {
  const { metadata, spec: own, status } = current;
  return (
    own.replicas === spec.replicas &&
    metadata.annotations?.[DESIRED] === String(spec.replicas) &&
    status?.availableReplicas === spec.replicas
  );
}
