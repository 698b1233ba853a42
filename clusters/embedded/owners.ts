import { type LabelSelector, selects } from './label-selector.ts';
import type { KubeObject, ObjectMeta, Plural, Store } from './store.ts';

type OwnerReference = NonNullable<ObjectMeta['ownerReferences']>[number];

/** What an object that `owner` makes and manages names it by. */
export function controllerReference({
  apiVersion,
  kind,
  metadata: { name, uid },
}: KubeObject): OwnerReference {
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

export function controllerOf(object: KubeObject | undefined): OwnerReference | undefined {
  return object?.metadata.ownerReferences?.find(({ controller }) => controller);
}

/**
 * Those of the candidates that are the owner's by reference and selector. Orphans that it selects are adopted; its own
 * that it no longer selects are let go. An owner that is being deleted does neither.
 */
export function claim(
  store: Store,
  plural: Plural,
  owner: KubeObject,
  candidates: readonly KubeObject[],
): KubeObject[] {
  const selector: LabelSelector | undefined = owner.spec.selector;
  const leaving = owner.metadata.deletionTimestamp !== undefined;
  return candidates.flatMap((object) => {
    const controller = controllerOf(object);
    const matches = selects(selector, object.metadata.labels);
    if (controller?.uid === owner.metadata.uid) {
      if (matches) return [object];
      if (!leaving) release(store, plural, object, owner);
      return [];
    }
    if (controller || !matches || leaving || object.metadata.deletionTimestamp) return [];
    return [adopt(store, plural, object, owner)];
  });
}

function adopt(store: Store, plural: Plural, { metadata }: KubeObject, owner: KubeObject): KubeObject {
  return withOwners(store, plural, metadata, (owners) => [...owners, controllerReference(owner)]);
}

function release(store: Store, plural: Plural, { metadata }: KubeObject, owner: KubeObject): void {
  withOwners(store, plural, metadata, (owners) => owners.filter(({ uid }) => uid !== owner.metadata.uid));
}

function withOwners(
  store: Store,
  plural: Plural,
  { namespace, name }: ObjectMeta,
  change: (owners: OwnerReference[]) => OwnerReference[],
): KubeObject {
  return store.update(plural, namespace, name, (stored) => ({
    ...stored,
    metadata: { ...stored.metadata, ownerReferences: change(stored.metadata.ownerReferences ?? []) },
  }));
}
