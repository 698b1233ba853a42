/**
 * The embedded cluster's objects, as its API server, scheduler, controllers and kubelets share them in one process.
 * Semantics are etcd's as the Kubernetes API shows them: one resourceVersion counter, optimistic concurrency,
 * watches that replay from a version.
 */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: {
    apiVersion: string;
    kind: string;
    name: string;
    uid: string;
    controller?: boolean;
    blockOwnerDeletion?: boolean;
  }[];
  finalizers?: string[];
  generateName?: string;
}

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  // biome-ignore lint/suspicious/noExplicitAny: a stored object is whatever the client sent; its kind's own code narrows it.
  [field: string]: any;
}

/** A resource by its plural, as in URLs: `pods`, `jobs`, `nodes`. Plurals are unique among the kinds that embedded serves. */
export type Plural = string;

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: KubeObject;
  /** The object before the change, for selectors that it left or entered. */
  previous?: KubeObject;
}

/** How much was done of what must grow no faster than the changes do. */
export interface Effort {
  changes: number;
  /** Changes, times those who heard of each. */
  delivered: number;
  /** Objects written out as JSON. */
  encoded: number;
}

export interface Store {
  /** The current resourceVersion. */
  readonly version: number;
  get(plural: Plural, namespace: string | undefined, name: string): KubeObject | undefined;
  /** All of a namespace, or of every namespace when undefined. Stored objects are frozen in use: never mutate them; `update` takes a new one. */
  list(plural: Plural, namespace?: string): KubeObject[];
  /**
   * Fills uid, creationTimestamp, resourceVersion, generateName; runs admission (namespace exists, quota).
   * @throws StatusError 409 AlreadyExists, 403 Forbidden (quota), 422 Invalid, 404 namespace.
   */
  create(
    plural: Plural,
    object: Omit<KubeObject, 'metadata'> & { metadata: Partial<ObjectMeta> },
  ): KubeObject;
  /**
   * Replaces by a function of what is stored, so that controllers need no retry loop. `status: true` keeps everything
   * but status as stored; otherwise status is kept as stored and a changed spec bumps generation.
   * @throws StatusError 404.
   */
  update(
    plural: Plural,
    namespace: string | undefined,
    name: string,
    change: (current: KubeObject) => KubeObject,
    options?: { status?: boolean },
  ): KubeObject;
  /** Pods get deletionTimestamp and wait for their kubelet (which calls `remove`); unscheduled or finished pods and all other kinds go at once, dependents after them. */
  delete(
    plural: Plural,
    namespace: string | undefined,
    name: string,
    options?: { gracePeriodSeconds?: number; propagationPolicy?: string },
  ): KubeObject;
  /** The last step of deletion, without grace. */
  remove(plural: Plural, namespace: string | undefined, name: string): void;
  /** Events after `fromVersion` (or from now), then live ones, synchronously after each change. @throws StatusError 410 when too old. */
  watch(plural: Plural, listener: (event: WatchEvent) => void, fromVersion?: number): () => void;
  /** Live events of one node, or of the pods that are assigned to it: those of the others cost it nothing. */
  watchNode(plural: 'pods' | 'nodes', node: string, listener: (event: WatchEvent) => void): () => void;
  /** What was done with a kind's changes until now. */
  effort(plural: Plural): Effort;
  /** An object's JSON. The version that is stored is written out once, whoever asks. */
  textOf(plural: Plural, object: KubeObject): string;
}

/** A Kubernetes Status failure, as the API server answers it. */
export class StatusError extends Error {
  readonly status: number;
  readonly reason: string;
  readonly details: unknown;

  constructor(status: number, reason: string, message: string, details?: unknown) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.details = details;
  }
}

/** What the API server asks of a node's kubelet. */
export interface KubeletPort {
  /** Lines of one container's log, oldest first, with the runtime's time of each (RFC 3339, nanoseconds). */
  logs(namespace: string, pod: string, options: LogOptions): AsyncIterable<{ time: string; line: string }>;
}

export interface LogOptions {
  container?: string;
  previous?: boolean;
  follow?: boolean;
  tailLines?: number;
  sinceTime?: string;
  sinceSeconds?: number;
  signal: AbortSignal;
}
