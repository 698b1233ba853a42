import { initContainers, isTerminal, mainContainers, podRequests } from './pod.ts';
import { type Amounts, isExtended, parseQuantity } from './quantity.ts';
import { type KubeObject, StatusError } from './store.ts';

/** By the pod's spec, which no update replaces in what counts: a burst asks the same of every pod at every change. */
const usages = new WeakMap<object, Amounts>();

/** What a pod counts for, by the names that a ResourceQuota uses. */
function usageOf(pod: KubeObject): Amounts {
  const known = usages.get(pod.spec);
  if (known) return known;
  const usage = countUsage(pod);
  usages.set(pod.spec, usage);
  return usage;
}

function countUsage(pod: KubeObject): Amounts {
  const usage: Amounts = new Map([['pods', 1]]);
  for (const [resource, amount] of podRequests(pod)) {
    usage.set(`requests.${resource}`, amount);
    if (!isExtended(resource)) usage.set(resource, amount);
  }
  for (const container of [...initContainers(pod), ...mainContainers(pod)]) {
    for (const [resource, quantity] of Object.entries(container.resources?.limits ?? {})) {
      const name = `limits.${resource}`;
      usage.set(name, (usage.get(name) ?? 0) + parseQuantity(quantity));
    }
  }
  return usage;
}

/** What the live pods of a namespace use of each resource that a quota limits. */
export function quotaUsed(quota: KubeObject, pods: readonly KubeObject[]): Record<string, string> {
  const hard: Record<string, string> = quota.spec?.hard ?? {};
  const used: Record<string, number> = Object.fromEntries(Object.keys(hard).map((resource) => [resource, 0]));
  for (const pod of pods) {
    if (isTerminal(pod)) continue;
    const usage = usageOf(pod);
    for (const resource of Object.keys(hard))
      used[resource] = (used[resource] ?? 0) + (usage.get(resource) ?? 0);
  }
  return Object.fromEntries(Object.entries(used).map(([resource, amount]) => [resource, String(amount)]));
}

/** @throws StatusError 403 Forbidden, worded as the quota admission does, where the pod would go beyond a quota. */
export function enforceQuota(
  pod: KubeObject,
  quotas: readonly KubeObject[],
  pods: readonly KubeObject[],
): void {
  const usage = usageOf(pod);
  for (const quota of quotas) {
    const hard: Record<string, string> = quota.spec?.hard ?? {};
    const used = quotaUsed(quota, pods);
    const over = Object.keys(hard).filter((resource) => {
      const asked = usage.get(resource) ?? 0;
      return asked > 0 && Number(used[resource]) + asked > parseQuantity(hard[resource] as string);
    });
    if (over.length === 0) continue;
    const list = (figures: (resource: string) => unknown) =>
      over.map((resource) => `${resource}=${figures(resource)}`).join(',');
    throw new StatusError(
      403,
      'Forbidden',
      `pods "${pod.metadata.name}" is forbidden: exceeded quota: ${quota.metadata.name}, requested: ${list((r) => usage.get(r))}, used: ${list((r) => used[r])}, limited: ${list((r) => hard[r])}`,
      { name: pod.metadata.name, kind: 'pods' },
    );
  }
}
