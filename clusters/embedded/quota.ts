import { initContainers, isTerminal, mainContainers, podRequests } from './pod.ts';
import { type Amounts, isExtended, parseQuantity } from './quantity.ts';
import { type KubeObject, StatusError } from './store.ts';

/** What a pod counts for, by the names that a ResourceQuota uses. */
function usageOf(pod: KubeObject): Amounts {
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

/** What the live pods of each namespace use, kept up with each change of a pod: counting them anew each time is their square. */
export class NamespaceUsage {
  readonly #used = new Map<string, Amounts>();

  of(namespace: string | undefined): Amounts {
    return this.#used.get(namespace ?? '') ?? new Map();
  }

  /** A pod that came, changed or (without `after`) went. */
  change(before: KubeObject | undefined, after: KubeObject | undefined): void {
    const counted = [before, after].map((pod) => pod !== undefined && !isTerminal(pod));
    if (counted[0] === counted[1] && before?.spec === after?.spec) return;
    if (before && counted[0]) this.#add(before, -1);
    if (after && counted[1]) this.#add(after, 1);
  }

  #add(pod: KubeObject, sign: 1 | -1): void {
    const space = pod.metadata.namespace ?? '';
    const used = this.#used.get(space) ?? new Map();
    for (const [resource, amount] of usageOf(pod)) {
      const sum = (used.get(resource) ?? 0) + sign * amount;
      // Fractions that were added and taken off again leave a rounding error.
      used.set(resource, Number.isInteger(sum) ? sum : Math.round(sum * 1e6) / 1e6);
    }
    if (used.get('pods') === 0) this.#used.delete(space);
    else this.#used.set(space, used);
  }
}

/** What is used of each resource that a quota limits. */
export function quotaUsed(quota: KubeObject, used: Amounts): Record<string, string> {
  return Object.fromEntries(
    Object.keys(quota.spec?.hard ?? {}).map((resource) => [resource, String(used.get(resource) ?? 0)]),
  );
}

/** @throws StatusError 403 Forbidden, worded as the quota admission does, where the pod would go beyond a quota. */
export function enforceQuota(pod: KubeObject, quotas: readonly KubeObject[], inUse: Amounts): void {
  if (quotas.length === 0) return;
  const usage = usageOf(pod);
  for (const quota of quotas) {
    const hard: Record<string, string> = quota.spec?.hard ?? {};
    const used = quotaUsed(quota, inUse);
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
