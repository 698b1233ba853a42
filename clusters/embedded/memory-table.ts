import { type Effort, type KubeObject, StatusError, type WatchEvent } from './store.ts';

/** Changes of one kind that a watch can still be resumed from. */
const REPLAY_WINDOW = 20_000;

type Listener = (event: WatchEvent) => void;

/** One kind's objects, found by name, namespace and owner; and who hears of their changes. */
export class Table {
  readonly effort: Effort = { changes: 0, delivered: 0, encoded: 0 };
  readonly #nodeOf: (object: KubeObject) => string | undefined;
  readonly #objects = new Map<string, KubeObject>();
  /** Keys by namespace, so that listing one does not read the others. */
  readonly #spaces = new Index();
  /** Keys by the owners' UIDs, so that an owner's end does not read what others own. */
  readonly #owned = new Index();
  readonly #texts = new WeakMap<KubeObject, string>();
  readonly #changes: { version: number; event: WatchEvent }[] = [];
  /** Versions up to this one have left the window. */
  #forgotten = 0;
  readonly #listeners = new Set<Listener>();
  readonly #nodeListeners = new Map<string, Set<Listener>>();

  /** @param nodeOf the node that an object is or is on */
  constructor(nodeOf: (object: KubeObject) => string | undefined) {
    this.#nodeOf = nodeOf;
  }

  get(namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#objects.get(keyOf(namespace, name));
  }

  /** In the order in which they came. */
  list(namespace?: string): KubeObject[] {
    if (namespace === undefined) return [...this.#objects.values()];
    return this.#all(this.#spaces.get(namespace));
  }

  ownedBy(uid: string): KubeObject[] {
    return this.#all(this.#owned.get(uid));
  }

  /** Sets an object, and returns the one that was there. */
  put(object: KubeObject): KubeObject | undefined {
    const { name, namespace, ownerReferences } = object.metadata;
    const key = keyOf(namespace, name);
    const previous = this.#objects.get(key);
    this.#objects.set(key, object);
    if (!previous) this.#spaces.add(namespace ?? '', key);
    // Whoever wants an old version's text writes it out anew: a window of changes must not hold each of them twice.
    else this.#texts.delete(previous);
    if (previous?.metadata.ownerReferences !== ownerReferences) {
      for (const { uid } of previous?.metadata.ownerReferences ?? []) this.#owned.delete(uid, key);
      for (const { uid } of ownerReferences ?? []) this.#owned.add(uid, key);
    }
    return previous;
  }

  remove({ metadata: { name, namespace, ownerReferences } }: KubeObject): void {
    const key = keyOf(namespace, name);
    this.#objects.delete(key);
    this.#spaces.delete(namespace ?? '', key);
    for (const { uid } of ownerReferences ?? []) this.#owned.delete(uid, key);
  }

  /** An object's JSON; a version of an object is written out once, however many watch it. */
  textOf(object: KubeObject): string {
    let text = this.#texts.get(object);
    if (text === undefined) {
      text = JSON.stringify(object);
      this.#texts.set(object, text);
      this.effort.encoded += 1;
    }
    return text;
  }

  announce(version: number, event: WatchEvent): void {
    this.#changes.push({ version, event });
    if (this.#changes.length > REPLAY_WINDOW * 1.25) {
      const dropped = this.#changes.splice(0, this.#changes.length - REPLAY_WINDOW);
      this.#forgotten = dropped.at(-1)?.version ?? this.#forgotten;
    }
    const node = this.#nodeOf(event.object);
    const listeners = [...this.#listeners, ...((node && this.#nodeListeners.get(node)) || [])];
    this.effort.changes += 1;
    this.effort.delivered += listeners.length;
    for (const listener of listeners) listener(event);
  }

  /** @throws StatusError 410 when `fromVersion` is too old. */
  watch(listener: Listener, fromVersion?: number): () => void {
    if (fromVersion !== undefined) {
      if (fromVersion < this.#forgotten) {
        throw new StatusError(
          410,
          'Expired',
          `too old resource version: ${fromVersion} (${this.#forgotten})`,
        );
      }
      for (const { version, event } of this.#changes) if (version > fromVersion) listener(event);
    }
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  watchNode(node: string, listener: Listener): () => void {
    const listeners = this.#nodeListeners.get(node) ?? new Set();
    this.#nodeListeners.set(node, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  #all(keys: Iterable<string>): KubeObject[] {
    return [...keys].map((key) => this.#objects.get(key) as KubeObject);
  }
}

/** Sets of keys by something that they have in common. */
class Index {
  readonly #sets = new Map<string, Set<string>>();

  get(common: string): Iterable<string> {
    return this.#sets.get(common) ?? [];
  }

  add(common: string, key: string): void {
    const set = this.#sets.get(common) ?? new Set();
    this.#sets.set(common, set.add(key));
  }

  delete(common: string, key: string): void {
    const set = this.#sets.get(common);
    set?.delete(key);
    if (set?.size === 0) this.#sets.delete(common);
  }
}

function keyOf(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}
