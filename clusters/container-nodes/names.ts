import { statePath } from '../../harness/run/state-dir.ts';

/** What the names of all clusters, containers and networks made here begin with. */
export const OWN_PREFIX = 'ordeal-';

/** A cluster's name in Docker's terms that shows whose it is: lower case, digits and dashes, with our prefix. */
export function ownName(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return plain.startsWith(OWN_PREFIX) ? plain : `${OWN_PREFIX}${plain}`;
}

/** Where a cluster that outlives its process keeps its kubeconfig and its workers' folders. */
export function detachedFolder(name: string): string {
  return statePath(name);
}
