import type { V1Node } from '@kubernetes/client-node';
import type { ClusterLeft } from '../../harness/verdict/verdict.ts';

/** What of a node a run could change, by a path such as `labels.zone` or `allocatable.nvidia.com/gpu`. */
export interface NodePicture {
  name: string;
  values: Readonly<Record<string, string>>;
}

/**
 * A node's labels, annotations, taints, capacity, allocatable and conditions. An extended resource of which there are none
 * is as good as not there: a kubelet keeps the name of one that a plugin has ever registered. Pure.
 */
export function pictureOf({ metadata, spec, status }: V1Node): NodePicture {
  const amounts = (of: string, amounts: Record<string, string> = {}) =>
    Object.entries(amounts)
      .filter(([resource, amount]) => !(resource.includes('/') && amount === '0'))
      .map(([resource, amount]) => [`${of}.${resource}`, amount]);
  const words = (of: string, given: Record<string, string> = {}) =>
    Object.entries(given).map(([key, value]) => [`${of}.${key}`, value]);
  return {
    name: metadata?.name ?? '',
    values: Object.fromEntries([
      ...words('labels', metadata?.labels),
      ...words('annotations', metadata?.annotations),
      ...(spec?.taints ?? []).map(({ effect, key, value }) => [`taints.${key}:${effect}`, value ?? '']),
      ...(spec?.unschedulable ? [['unschedulable', 'true']] : []),
      ...amounts('capacity', status?.capacity),
      ...amounts('allocatable', status?.allocatable),
      ...(status?.conditions ?? []).map((condition) => [`conditions.${condition.type}`, condition.status]),
    ]),
  };
}

/** What differs, by whose it is. */
export type Left = Pick<ClusterLeft, 'ours' | 'others'>;

export function together(one: Left, other: Left): Left {
  return { ours: [...one.ours, ...other.ours], others: [...one.others, ...other.others] };
}

export interface After {
  nodes: readonly NodePicture[];
  /** Objects with the run's mark that are still there, as `Namespace/ordeal-x`. */
  objects: readonly string[];
}

/**
 * What differs after a run. What carries our mark, or is a resource that the run works with, the run has changed; of
 * anything else it can't be told who did. Pure.
 */
export function compare(before: readonly NodePicture[], after: After, resource: string): ClusterLeft {
  const ours = after.objects.map((object) => `${object} is still there`);
  const others: string[] = [];
  const found = new Map(after.nodes.map(({ name, values }) => [name, values]));
  for (const { name, values } of before) {
    const now = found.get(name);
    if (now === undefined) {
      others.push(`node ${name} is gone`);
      continue;
    }
    for (const path of new Set([...Object.keys(values), ...Object.keys(now)])) {
      const [was, is] = [values[path], now[path]];
      if (was === is) continue;
      const line = `node ${name}: ${path} was ${shown(was)} and is ${shown(is)}`;
      (path.includes('ordeal.dev/') || path.endsWith(`.${resource}`) ? ours : others).push(line);
    }
  }
  const known = new Set(before.map(({ name }) => name));
  for (const { name } of after.nodes) if (!known.has(name)) others.push(`node ${name} is new`);
  return { compared: before.length, ours, others };
}

/** An annotation may be long, and hold what is nobody's business: it is told only that it differs. */
function shown(value: string | undefined): string {
  if (value === undefined) return 'absent';
  return value.length > 40 ? `a text of ${value.length} characters` : JSON.stringify(value);
}
