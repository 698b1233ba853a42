import { type Amounts, addQuantities } from './quantity.ts';
import type { KubeObject } from './store.ts';

/** A container's port by number, or by the name that it gives it. */
export type PortReference = number | string;

export interface ProbeSpec {
  exec?: { command?: string[] };
  httpGet?: {
    host?: string;
    path?: string;
    port: PortReference;
    scheme?: 'HTTP' | 'HTTPS';
    httpHeaders?: { name: string; value: string }[];
  };
  tcpSocket?: { host?: string; port: PortReference };
  initialDelaySeconds?: number;
  periodSeconds: number;
  timeoutSeconds: number;
  successThreshold: number;
  failureThreshold: number;
  /** Instead of the pod's, where this probe ends the container. */
  terminationGracePeriodSeconds?: number;
}

export type ProbeKind = 'livenessProbe' | 'readinessProbe' | 'startupProbe';

export interface ContainerSpec extends Partial<Record<ProbeKind, ProbeSpec>> {
  name: string;
  image?: string;
  command?: string[];
  args?: string[];
  workingDir?: string;
  // biome-ignore lint/suspicious/noExplicitAny: one entry of many shapes; the environment builder narrows it.
  env?: any[];
  // biome-ignore lint/suspicious/noExplicitAny: likewise.
  envFrom?: any[];
  ports?: { name?: string; containerPort: number }[];
  volumeMounts?: { name: string; mountPath: string; subPath?: string; readOnly?: boolean }[];
  resources?: { limits?: Record<string, string>; requests?: Record<string, string> };
}

export function isTerminal(pod: KubeObject): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

export function isReady(pod: KubeObject): boolean {
  return (
    pod.status?.conditions?.some(
      ({ type, status }: { type: string; status: string }) => type === 'Ready' && status === 'True',
    ) ?? false
  );
}

export function initContainers(pod: KubeObject): ContainerSpec[] {
  return pod.spec?.initContainers ?? [];
}

export function mainContainers(pod: KubeObject): ContainerSpec[] {
  return pod.spec?.containers ?? [];
}

/** What a pod asks of a node: the larger of its main containers together and each init container alone. */
export function podRequests(pod: KubeObject): Amounts {
  const total: Amounts = new Map();
  for (const container of mainContainers(pod)) addQuantities(total, container.resources?.requests);
  for (const container of initContainers(pod)) {
    for (const [resource, amount] of addQuantities(new Map(), container.resources?.requests)) {
      total.set(resource, Math.max(total.get(resource) ?? 0, amount));
    }
  }
  return total;
}

/** An object's condition, set; lastTransitionTime moves only when the status changes. */
export function withCondition(
  status: KubeObject['status'],
  type: string,
  value: 'True' | 'False' | 'Unknown',
  now: string,
  more: { reason?: string; message?: string; lastUpdateTime?: string } = {},
): KubeObject['status'] {
  const before: { type: string; status: string; lastTransitionTime: string }[] = status?.conditions ?? [];
  const old = before.find((condition) => condition.type === type);
  const moved = old?.status === value ? old.lastTransitionTime : now;
  const condition = { type, status: value, lastTransitionTime: moved, ...more };
  return { ...status, conditions: [...before.filter((other) => other.type !== type), condition] };
}
