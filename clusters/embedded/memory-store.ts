import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../harness/clock/clock.ts';
import { admit } from './defaults.ts';
import { apiVersionOf, KINDS, kindOf } from './kinds.ts';
import { Table } from './memory-table.ts';
import { isTerminal } from './pod.ts';
import { enforceQuota, NamespaceUsage, quotaUsed } from './quota.ts';
import { safeLetters } from './safe-letters.ts';
import {
  type Effort,
  type KubeObject,
  type ObjectMeta,
  type Plural,
  StatusError,
  type Store,
  type WatchEvent,
} from './store.ts';

/** What a kind's objects own. */
const DEPENDENTS: Record<string, Plural> = { Job: 'pods', Deployment: 'replicasets', ReplicaSet: 'pods' };

/** The node that an object is, or is on. */
const NODE_OF: Record<Plural, (object: KubeObject) => string | undefined> = {
  nodes: ({ metadata }) => metadata.name,
  pods: ({ spec }) => spec?.nodeName,
};

export function createStore(clock: Clock): Store {
  return new MemoryStore(clock);
}

export function timestamp(wall: number): string {
  return new Date(wall).toISOString().replace(/\.\d+Z$/, 'Z');
}

class MemoryStore implements Store {
  readonly #clock: Clock;
  readonly #tables = new Map<Plural, Table>();
  readonly #usage = new NamespaceUsage();
  #version = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    for (const { plural } of KINDS) this.#tables.set(plural, new Table(NODE_OF[plural] ?? (() => undefined)));
  }

  get version(): number {
    return this.#version;
  }

  get(plural: Plural, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#table(plural).get(namespace, name);
  }

  list(plural: Plural, namespace?: string): KubeObject[] {
    return this.#table(plural).list(namespace);
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
      enforceQuota(object, this.list('resourcequotas', namespace), this.#usage.of(namespace));
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
    const object = table.get(namespace, name);
    if (!object) return;
    table.remove(object);
    if (plural === 'pods') this.#usage.change(object, undefined);
    this.#version += 1;
    const last = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
    table.announce(this.#version, { type: 'DELETED', object: last, previous: object });
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
    return this.#table(plural).watch(listener, fromVersion);
  }

  watchNode(plural: 'pods' | 'nodes', node: string, listener: (event: WatchEvent) => void): () => void {
    return this.#table(plural).watchNode(node, listener);
  }

  effort(plural: Plural): Effort {
    return { ...this.#table(plural).effort };
  }

  textOf(plural: Plural, object: KubeObject): string {
    return this.#table(plural).textOf(object);
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
    this.#version += 1;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
    const previous = table.put(stored);
    if (plural === 'pods') this.#usage.change(previous, stored);
    table.announce(this.#version, previous ? { type, object: stored, previous } : { type, object: stored });
    return stored;
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
      const status = { hard: quota.spec?.hard ?? {}, used: quotaUsed(quota, this.#usage.of(namespace)) };
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
    return this.#table(plural)
      .ownedBy(owner.metadata.uid)
      .filter(({ metadata }) => metadata.namespace === owner.metadata.namespace)
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

function pick({ labels, annotations }: ObjectMeta): Partial<ObjectMeta> {
  return { ...(labels && { labels }), ...(annotations && { annotations }) };
}

/** Five letters, as generateName adds them. */
function suffix(): string {
  return safeLetters(randomUUID().replaceAll('-', '').slice(0, 10));
}
