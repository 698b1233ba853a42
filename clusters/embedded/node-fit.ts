import { type LabelSelector, selects } from './label-selector.ts';
import { initContainers, mainContainers, podRequests } from './pod.ts';
import { type Domain, type Neighbour, neighbourOf, REPELLED } from './pod-affinity.ts';
import { type Amounts, addQuantities } from './quantity.ts';
import type { KubeObject } from './store.ts';

/** A node as the scheduler sees it. */
export interface NodeView {
  name: string;
  labels: Record<string, string>;
  taints: Taint[];
  ready: boolean;
  unschedulable: boolean;
  allocatable: Amounts;
  /** What the pods that are assigned to it ask for; `pods` counts them. */
  used: Amounts;
}

interface Taint {
  key: string;
  value?: string;
  effect: string;
}

interface Toleration {
  key?: string;
  operator?: string;
  value?: string;
  effect?: string;
}

type Expressions = LabelSelector['matchExpressions'];

interface NodeTerm {
  matchExpressions?: Expressions;
  matchFields?: Expressions;
}

/** What a pod asks of its node. Pods with the same signature fit the same nodes equally well, but for who is there already. */
export interface Demand {
  requests: Amounts;
  nodeSelector: Record<string, string>;
  /** Of its required node affinity: one of them has to hold; undefined where it has none. */
  nodeTerms: NodeTerm[] | undefined;
  tolerations: Toleration[];
  neighbour: Neighbour;
  /** Pods that ask for nothing weigh something all the same: 100 milli-CPU and 200 MB a container. */
  weight: { cpu: number; memory: number };
  signature: string;
}

const WEIGHT_CPU = 0.1;
const WEIGHT_MEMORY = 200 * 2 ** 20;

export function nodeView(node: KubeObject, used: Amounts): NodeView {
  const ready = node.status?.conditions?.some(
    (condition: { type: string; status: string }) =>
      condition.type === 'Ready' && condition.status === 'True',
  );
  return {
    name: node.metadata.name,
    labels: node.metadata.labels ?? {},
    taints: node.spec?.taints ?? [],
    ready: ready ?? false,
    unschedulable: node.spec?.unschedulable ?? false,
    allocatable: addQuantities(new Map(), node.status?.allocatable),
    used,
  };
}

export function demandOf(pod: KubeObject): Demand {
  const requests = podRequests(pod).set('pods', 1);
  const nodeSelector = pod.spec?.nodeSelector ?? {};
  const nodeTerms: NodeTerm[] | undefined =
    pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const tolerations = pod.spec?.tolerations ?? [];
  const neighbour = neighbourOf(pod);
  const containers = Math.max(mainContainers(pod).length, initContainers(pod).length, 1);
  const weight = {
    cpu: requests.get('cpu') ?? containers * WEIGHT_CPU,
    memory: requests.get('memory') ?? containers * WEIGHT_MEMORY,
  };
  const signature = JSON.stringify([[...requests], nodeSelector, nodeTerms, tolerations, weight]);
  return { requests, nodeSelector, nodeTerms, tolerations, neighbour, weight, signature };
}

/**
 * Why the pod does not fit the node, in the scheduler's words; empty where it does. `closed`: the topology domains
 * that anti-affinity closes to it.
 */
export function misfits(demand: Demand, node: NodeView, closed: readonly Domain[]): string[] {
  if (!node.ready) return ['node(s) were not ready'];
  if (node.unschedulable) return ['node(s) were unschedulable'];
  const taint = node.taints.find(
    (candidate) => candidate.effect !== 'PreferNoSchedule' && !tolerated(candidate, demand.tolerations),
  );
  if (taint) return [`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`];
  const selected = Object.entries(demand.nodeSelector).every(([key, value]) => node.labels[key] === value);
  const drawn = demand.nodeTerms?.some((term) => holds(term, node)) ?? true;
  if (!selected || !drawn) return ["node(s) didn't match Pod's node affinity/selector"];
  const short: string[] = [];
  for (const [resource, amount] of demand.requests) {
    const free = (node.allocatable.get(resource) ?? 0) - (node.used.get(resource) ?? 0);
    // Fractions of a CPU that were added and taken off again leave a rounding error.
    if (amount > free + 1e-6) short.push(resource === 'pods' ? 'Too many pods' : `Insufficient ${resource}`);
  }
  if (short.length > 0) return short;
  const reasons = closed.flatMap(({ key, value, reason }) => (node.labels[key] === value ? [reason] : []));
  // One word a node: upstream asks the pod's own rules before those of the pods that are there.
  const [first] = reasons.sort((a, b) => Number(b === REPELLED) - Number(a === REPELLED));
  return first === undefined ? [] : [first];
}

/** A term of nothing selects nothing; the one field of a node that there is to ask is its name. */
function holds({ matchExpressions = [], matchFields = [] }: NodeTerm, { labels, name }: NodeView): boolean {
  return (
    matchExpressions.length + matchFields.length > 0 &&
    selects({ matchExpressions }, labels) &&
    selects({ matchExpressions: matchFields }, { 'metadata.name': name })
  );
}

function tolerated(taint: Taint, tolerations: readonly Toleration[]): boolean {
  return tolerations.some(({ key, operator = 'Equal', value, effect }) => {
    if (effect && effect !== taint.effect) return false;
    if (key === undefined || key === '') return operator === 'Exists';
    return key === taint.key && (operator === 'Exists' || (value ?? '') === (taint.value ?? ''));
  });
}

/** LeastAllocated, 0 to 100: the mean share of CPU and memory that stays free. */
export function score(demand: Demand, node: NodeView): number {
  const free = (resource: 'cpu' | 'memory') => {
    const all = node.allocatable.get(resource) ?? 0;
    const left = all - (node.used.get(`weight/${resource}`) ?? 0) - demand.weight[resource];
    return all > 0 && left > 0 ? Math.floor((left / all) * 100) : 0;
  };
  return Math.floor((free('cpu') + free('memory')) / 2);
}

/** Books a pod on a node, or (−1) takes it off. */
export function book({ requests, weight }: Demand, used: Amounts, sign: 1 | -1): void {
  const entries = [...requests, ['weight/cpu', weight.cpu], ['weight/memory', weight.memory]] as const;
  for (const [resource, amount] of entries) used.set(resource, (used.get(resource) ?? 0) + sign * amount);
}

/** `0/4 nodes are available: 1 …, 3 ….`: how many nodes are out for which reason. */
export function unschedulableMessage(nodes: number, reasons: ReadonlyMap<string, number>): string {
  if (nodes === 0) return 'no nodes available to schedule pods';
  const parts = [...reasons].map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${nodes} nodes are available: ${parts.join(', ')}.`;
}
