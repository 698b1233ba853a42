import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../harness/clock/clock.ts';
import { admit } from './defaults.ts';
import { apiVersionOf, KINDS, kindOf } from './kinds.ts';
import { isTerminal } from './pod.ts';
import { enforceQuota, quotaUsed } from './quota.ts';
import { safeLetters } from './safe-letters.ts';
import {
  type KubeObject,
  type ObjectMeta,
  type Plural,
  StatusError,
  type Store,
  type WatchEvent,
} from './store.ts';

/** Changes of one kind that a watch can still be resumed from. */
const REPLAY_WINDOW = 20_000;
/** What a kind's objects own. */
const DEPENDENTS: Record<string, Plural> = { Job: 'pods', Deployment: 'replicasets', ReplicaSet: 'pods' };

interface Change {
  version: number;
  event: WatchEvent;
}

interface Table {
  objects: Map<string, KubeObject>;
  /** Names by namespace, so that listing one does not read the others. */
  spaces: Map<string, Set<string>>;
  changes: Change[];
  /** Versions up to this one have left the window. */
  forgotten: number;
  listeners: Set<(event: WatchEvent) => void>;
}

export function createStore(clock: Clock): Store {
  return new MemoryStore(clock);
}

export function timestamp(wall: number): string {
  return new Date(wall).toISOString().replace(/\.\d+Z$/, 'Z');
}

class MemoryStore implements Store {
  readonly #clock: Clock;
  readonly #tables = new Map<Plural, Table>();
  #version = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    for (const { plural } of KINDS) {
      this.#tables.set(plural, {
        objects: new Map(),
        spaces: new Map(),
        changes: [],
        forgotten: 0,
        listeners: new Set(),
      });
    }
  }

  get version(): number {
    return this.#version;
  }

  get(plural: Plural, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#table(plural).objects.get(key(namespace, name));
  }

  list(plural: Plural, namespace?: string): KubeObject[] {
    const { objects, spaces } = this.#table(plural);
    if (namespace === undefined) return [...objects.values()];
    return [...(spaces.get(namespace) ?? [])].map((name) => objects.get(key(namespace, name)) as KubeObject);
  }

  create(
    plural: Plural,
    draft: Omit<KubeObject, 'metadata'> & { metadata: Partial<ObjectMeta> },
  ): KubeObject {
    const info = kindOf(plural);
    const { namespace } = draft.metadata;
    if (info.namespaced) this.#requireNamespace(namespace, draft);
    const name = draft.metadata.name ?? `${draft.metadata.generateName ?? ''}${suffix()}`;
    if (this.get(plural, namespace, name)) {
      throw new StatusError(409, 'AlreadyExists', `${plural} "${name}" already exists`, {
        name,
        kind: plural,
      });
    }
    const metadata: ObjectMeta = {
      ...draft.metadata,
      name,
      uid: randomUUID(),
      resourceVersion: '0',
      generation: 1,
      creationTimestamp: timestamp(this.#clock.wall()),
    };
    const object = admit(plural, { ...draft, apiVersion: apiVersionOf(info), kind: info.kind, metadata });
    if (plural === 'pods') {
      const quotas = this.list('resourcequotas', namespace);
      if (quotas.length > 0) enforceQuota(object, quotas, this.list('pods', namespace));
    }
    const stored = this.#put(plural, object, 'ADDED');
    if (plural === 'namespaces') this.#furnish(name);
    if (plural === 'pods') this.#countQuotas(namespace);
    if (plural === 'resourcequotas') this.#countQuotas(namespace);
    return this.get(plural, namespace, name) ?? stored;
  }

  update(
    plural: Plural,
    namespace: string | undefined,
    name: string,
    change: (current: KubeObject) => KubeObject,
    options: { status?: boolean } = {},
  ): KubeObject {
    const current = this.#need(plural, namespace, name);
    const wanted = change(current);
    if (wanted === current) return current;
    const { metadata } = current;
    let next: KubeObject;
    if (options.status) {
      // Metadata that controllers keep beside the status (annotations, labels) goes with it.
      next = { ...current, status: wanted.status, metadata: { ...metadata, ...pick(wanted.metadata) } };
    } else {
      const { uid, creationTimestamp, deletionTimestamp, generation = 1 } = metadata;
      const kept = {
        uid,
        name,
        creationTimestamp,
        generation,
        ...(deletionTimestamp && { deletionTimestamp }),
      };
      const status = kindOf(plural).status ? { status: current.status } : {};
      next = admit(plural, { ...wanted, ...status, metadata: { ...wanted.metadata, ...kept } }, current);
      if (!isDeepStrictEqual(next.spec, current.spec)) next.metadata.generation = generation + 1;
    }
    const stored = this.#put(plural, next, 'MODIFIED');
    if (plural === 'pods' && isTerminal(stored) !== isTerminal(current)) this.#countQuotas(namespace);
    if (plural === 'resourcequotas' && !options.status) this.#countQuotas(namespace);
    if (stored.metadata.deletionTimestamp && plural !== 'pods' && !stored.metadata.finalizers?.length) {
      this.remove(plural, namespace, name);
    }
    return stored;
  }

  delete(
    plural: Plural,
    namespace: string | undefined,
    name: string,
    options: { gracePeriodSeconds?: number; propagationPolicy?: string } = {},
  ): KubeObject {
    const object = this.#need(plural, namespace, name);
    if (plural === 'pods') return this.#deletePod(object, options.gracePeriodSeconds);
    // Deleting a Job through batch/v1 without a policy orphans its pods; other owners take theirs with them.
    const policy = options.propagationPolicy ?? (plural === 'jobs' ? 'Orphan' : 'Background');
    if (policy === 'Orphan') this.#orphan(object);
    if (policy === 'Foreground' && this.#dependents(object).length > 0) {
      const marked = this.#mark(plural, object, 'foregroundDeletion');
      this.#deleteDependents(object, policy);
      return marked;
    }
    if (object.metadata.finalizers?.length) return this.#mark(plural, object);
    this.remove(plural, namespace, name);
    return object;
  }

  remove(plural: Plural, namespace: string | undefined, name: string): void {
    const table = this.#table(plural);
    const object = table.objects.get(key(namespace, name));
    if (!object) return;
    table.objects.delete(key(namespace, name));
    table.spaces.get(namespace ?? '')?.delete(name);
    this.#version += 1;
    const last = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
    this.#announce(table, { type: 'DELETED', object: last, previous: object });
    this.#deleteDependents(object);
    if (plural === 'pods') this.#countQuotas(namespace);
    if (plural === 'namespaces') {
      for (const { plural: other, namespaced } of KINDS) {
        if (!namespaced) continue;
        for (const inside of this.list(other, name))
          this.delete(other, name, inside.metadata.name, { propagationPolicy: 'Background' });
      }
    }
    for (const owner of object.metadata.ownerReferences ?? []) this.#finishForeground(owner, namespace);
  }

  watch(plural: Plural, listener: (event: WatchEvent) => void, fromVersion?: number): () => void {
    const table = this.#table(plural);
    if (fromVersion !== undefined) {
      if (fromVersion < table.forgotten) {
        throw new StatusError(
          410,
          'Expired',
          `too old resource version: ${fromVersion} (${table.forgotten})`,
        );
      }
      for (const { version, event } of table.changes) if (version > fromVersion) listener(event);
    }
    table.listeners.add(listener);
    return () => table.listeners.delete(listener);
  }

  #table(plural: Plural): Table {
    const table = this.#tables.get(plural);
    if (!table)
      throw new StatusError(404, 'NotFound', `the server could not find the requested resource (${plural})`);
    return table;
  }

  #need(plural: Plural, namespace: string | undefined, name: string): KubeObject {
    const object = this.get(plural, namespace, name);
    if (object) return object;
    throw new StatusError(404, 'NotFound', `${plural} "${name}" not found`, { name, kind: plural });
  }

  #requireNamespace(
    namespace: string | undefined,
    draft: { metadata: Partial<ObjectMeta>; kind?: unknown },
  ): void {
    const space = namespace === undefined ? undefined : this.get('namespaces', undefined, namespace);
    if (!space)
      throw new StatusError(404, 'NotFound', `namespaces "${namespace}" not found`, {
        name: namespace,
        kind: 'namespaces',
      });
    if (space.metadata.deletionTimestamp && draft.kind !== 'Event') {
      throw new StatusError(
        403,
        'Forbidden',
        `unable to create new content in namespace ${namespace} because it is being terminated`,
      );
    }
  }

  #put(plural: Plural, object: KubeObject, type: 'ADDED' | 'MODIFIED'): KubeObject {
    const table = this.#table(plural);
    const { namespace, name } = object.metadata;
    const previous = table.objects.get(key(namespace, name));
    this.#version += 1;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
    table.objects.set(key(namespace, name), stored);
    const space = table.spaces.get(namespace ?? '') ?? new Set();
    table.spaces.set(namespace ?? '', space.add(name));
    this.#announce(table, previous ? { type, object: stored, previous } : { type, object: stored });
    return stored;
  }

  #announce(table: Table, event: WatchEvent): void {
    table.changes.push({ version: this.#version, event });
    if (table.changes.length > REPLAY_WINDOW * 1.25) {
      const dropped = table.changes.splice(0, table.changes.length - REPLAY_WINDOW);
      table.forgotten = dropped.at(-1)?.version ?? table.forgotten;
    }
    for (const listener of [...table.listeners]) listener(event);
  }

  /** What every namespace has from the start. */
  #furnish(namespace: string): void {
    const metadata = { namespace };
    this.create('serviceaccounts', {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { ...metadata, name: 'default' },
    });
    this.create('configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { ...metadata, name: 'kube-root-ca.crt' },
      data: {},
    });
  }

  #countQuotas(namespace: string | undefined): void {
    for (const quota of this.list('resourcequotas', namespace)) {
      const status = { hard: quota.spec?.hard ?? {}, used: quotaUsed(quota, this.list('pods', namespace)) };
      if (JSON.stringify(status) === JSON.stringify(quota.status)) continue;
      this.#put('resourcequotas', { ...quota, status }, 'MODIFIED');
    }
  }

  #deletePod(pod: KubeObject, asked: number | undefined): KubeObject {
    const { namespace, name, deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
    const grace = asked ?? pod.spec?.terminationGracePeriodSeconds ?? 30;
    if (!pod.spec?.nodeName || isTerminal(pod) || grace === 0) {
      this.remove('pods', namespace, name);
      return pod;
    }
    if (deletionTimestamp && grace >= (deletionGracePeriodSeconds ?? grace)) return pod;
    const until = timestamp(this.#clock.wall() + grace * 1_000);
    const metadata = { ...pod.metadata, deletionTimestamp: until, deletionGracePeriodSeconds: grace };
    return this.#put('pods', { ...pod, metadata }, 'MODIFIED');
  }

  #mark(plural: Plural, object: KubeObject, finalizer?: string): KubeObject {
    const finalizers = [...(object.metadata.finalizers ?? []), ...(finalizer ? [finalizer] : [])];
    const metadata = {
      ...object.metadata,
      finalizers,
      deletionTimestamp: timestamp(this.#clock.wall()),
      deletionGracePeriodSeconds: 0,
    };
    return this.#put(plural, { ...object, metadata }, 'MODIFIED');
  }

  #dependents(owner: KubeObject): { plural: Plural; object: KubeObject }[] {
    const plural = DEPENDENTS[owner.kind];
    if (!plural) return [];
    return this.list(plural, owner.metadata.namespace)
      .filter((object) => object.metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid))
      .map((object) => ({ plural, object }));
  }

  /** An owner that waits for its dependents makes them wait for theirs. */
  #deleteDependents(owner: KubeObject, propagationPolicy = 'Background'): void {
    for (const { plural, object } of this.#dependents(owner))
      this.delete(plural, object.metadata.namespace, object.metadata.name, { propagationPolicy });
  }

  #orphan(owner: KubeObject): void {
    for (const { plural, object } of this.#dependents(owner)) {
      const ownerReferences =
        object.metadata.ownerReferences?.filter(({ uid }) => uid !== owner.metadata.uid) ?? [];
      this.#put(plural, { ...object, metadata: { ...object.metadata, ownerReferences } }, 'MODIFIED');
    }
  }

  /** The last dependent of an owner that waits for them takes the owner along. */
  #finishForeground(
    reference: { kind: string; name: string; uid: string },
    namespace: string | undefined,
  ): void {
    const plural = KINDS.find(({ kind }) => kind === reference.kind)?.plural;
    const owner = plural && this.get(plural, namespace, reference.name);
    if (!plural || !owner || owner.metadata.uid !== reference.uid) return;
    if (!owner.metadata.finalizers?.includes('foregroundDeletion') || this.#dependents(owner).length > 0)
      return;
    this.remove(plural, namespace, reference.name);
  }
}

function key(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}

function pick({ labels, annotations }: ObjectMeta): Partial<ObjectMeta> {
  return { ...(labels && { labels }), ...(annotations && { annotations }) };
}

/** Five letters, as generateName adds them. */
function suffix(): string {
  return safeLetters(randomUUID().replaceAll('-', '').slice(0, 10));
}
