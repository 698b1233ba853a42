import jsonPatch from 'fast-json-patch';
import { type KubeObject, StatusError } from '../store.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Fields = { [key: string]: Json };

/** Keys by which a strategic merge matches the items of a list, by the list's field; other lists are replaced. */
const MERGE_KEYS: Record<string, string> = {
  containers: 'name',
  initContainers: 'name',
  volumes: 'name',
  env: 'name',
  volumeMounts: 'mountPath',
  ports: 'containerPort',
  conditions: 'type',
  ownerReferences: 'uid',
  secrets: 'name',
  imagePullSecrets: 'name',
};

/** Applies a patch of any of the API's four kinds to an object, which stays as it is. @throws StatusError 415, 422. */
export function patched(object: KubeObject, contentType: string, patch: unknown): KubeObject {
  const kind = contentType.split(';')[0]?.trim();
  switch (kind) {
    case 'application/json-patch+json':
      try {
        return jsonPatch.applyPatch(structuredClone(object), patch as jsonPatch.Operation[], true)
          .newDocument;
      } catch (error) {
        throw new StatusError(
          422,
          'Invalid',
          `the server rejected our request due to an error in our request: ${(error as Error).name}`,
        );
      }
    case 'application/merge-patch+json':
      return merge(object as unknown as Fields, patch as Fields, () => undefined) as unknown as KubeObject;
    case 'application/strategic-merge-patch+json':
    // Server-side apply is a strategic merge here: with one manager a field, owners cannot conflict.
    case 'application/apply-patch+yaml':
    case 'application/apply-patch+json':
      return merge(
        object as unknown as Fields,
        patch as Fields,
        (field) => MERGE_KEYS[field],
      ) as unknown as KubeObject;
    default:
      throw new StatusError(
        415,
        'UnsupportedMediaType',
        `the body of the request was in an unknown format: ${kind}`,
      );
  }
}

function isFields(value: Json | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function merge(target: Fields, patch: Fields, keyOf: (field: string) => string | undefined): Fields {
  if (patch.$patch === 'replace') {
    const { $patch: _, ...rest } = patch;
    return rest;
  }
  const retained = patch.$retainKeys as string[] | undefined;
  const merged: Fields = retained
    ? Object.fromEntries(Object.entries(target).filter(([field]) => retained.includes(field)))
    : { ...target };
  for (const [field, value] of Object.entries(patch)) {
    const [, primitive] = /^\$deleteFromPrimitiveList\/(.+)$/.exec(field) ?? [];
    if (primitive) {
      const gone = new Set(value as Json[]);
      merged[primitive] = ((merged[primitive] as Json[] | undefined) ?? []).filter((item) => !gone.has(item));
    } else if (field.startsWith('$')) {
      // $setElementOrder: a hint about order that changes nothing in what is served here.
    } else if (value === null) {
      delete merged[field];
    } else if (isFields(value)) {
      const before = merged[field];
      merged[field] = merge(isFields(before) ? before : {}, value, keyOf);
    } else if (Array.isArray(value)) {
      const mergeKey = keyOf(field);
      const before = merged[field];
      merged[field] = mergeKey && Array.isArray(before) ? mergeList(before, value, mergeKey, keyOf) : value;
    } else {
      merged[field] = value;
    }
  }
  return merged;
}

function mergeList(
  target: Json[],
  patch: Json[],
  mergeKey: string,
  keyOf: (field: string) => string | undefined,
): Json[] {
  const list = target.filter(isFields);
  for (const item of patch.filter(isFields)) {
    const at = list.findIndex((other) => other[mergeKey] === item[mergeKey]);
    if (item.$patch === 'delete') {
      if (at >= 0) list.splice(at, 1);
    } else if (at >= 0) {
      list[at] = merge(list[at] as Fields, item, keyOf);
    } else {
      list.push(item);
    }
  }
  return list;
}
