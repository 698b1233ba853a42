import { timestamp } from '../memory-store.ts';
import { withCondition } from '../pod.ts';
import { isExtended } from '../quantity.ts';
import type { KubeObject } from '../store.ts';
import type { Stock } from './plugin-registry.ts';

export interface NodeFacts {
  name: string;
  role: 'control-plane' | 'worker';
  cpu: string;
  memory: string;
  /** The kubelet's version, without the v. */
  version: string;
}

/** Pods that a node takes, as the kubelet's default has it. */
const MAX_PODS = '110';
/** A status without news is written all the same, so that its heartbeat shows a living kubelet. */
const HEARTBEAT_MS = 5 * 60_000;

const PRESSURES = {
  MemoryPressure: ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
  DiskPressure: ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
  PIDPressure: ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
} as const;

/** The Node object that a kubelet registers. */
export function nodeObject(facts: NodeFacts, wall: number) {
  const { name, role, version } = facts;
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const controlPlane = role === 'control-plane';
  const nodeInfo = {
    kubeletVersion: `v${version}`,
    containerRuntimeVersion: 'process://1',
    operatingSystem: process.platform,
    architecture: arch,
    osImage: `embedded on ${process.platform}`,
    kernelVersion: '',
    kubeProxyVersion: '',
    machineID: name,
    systemUUID: name,
    bootID: name,
  };
  const addresses = [
    { type: 'InternalIP', address: '127.0.0.1' },
    { type: 'Hostname', address: name },
  ];
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': process.platform,
        'kubernetes.io/arch': arch,
        ...(controlPlane && { 'node-role.kubernetes.io/control-plane': '' }),
      },
    },
    spec: controlPlane
      ? { taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }] }
      : {},
    status: nodeStatus({ nodeInfo, addresses }, facts, new Map(), wall),
  };
}

/**
 * A node's status with what its kubelet knows now. A resource that somebody else advertised in the capacity stays, and
 * is allocatable as a whole. Returns `before` itself where there is nothing new to say.
 */
export function nodeStatus(
  before: KubeObject['status'],
  { cpu, memory }: NodeFacts,
  devices: ReadonlyMap<string, Stock>,
  wall: number,
): KubeObject['status'] {
  const capacity: Record<string, string> = { ...before?.capacity, cpu, memory, pods: MAX_PODS };
  for (const [resource, stock] of devices) capacity[resource] = String(stock.capacity);
  const allocatable = { ...capacity };
  for (const [resource, stock] of devices) allocatable[resource] = String(stock.allocatable);
  const now = timestamp(wall);
  let status = withCondition({ ...before, capacity, allocatable }, 'Ready', 'True', now, {
    reason: 'KubeletReady',
    message: 'kubelet is posting ready status',
  });
  for (const [type, [reason, message]] of Object.entries(PRESSURES))
    status = withCondition(status, type, 'False', now, { reason, message });
  const old: { lastHeartbeatTime?: string }[] = before?.conditions ?? [];
  const beat = old[0]?.lastHeartbeatTime;
  const due = beat === undefined || wall - Date.parse(beat) >= HEARTBEAT_MS;
  const withBeat = (time: string) => ({
    ...status,
    conditions: status.conditions.map((condition: object) => ({ ...condition, lastHeartbeatTime: time })),
  });
  if (due) return withBeat(now);
  return JSON.stringify(withBeat(beat)) === JSON.stringify(before) ? before : withBeat(now);
}

/** As a node says after it has booted for the so-manieth time. */
export function withBoot(status: KubeObject['status'], name: string, boot: number): KubeObject['status'] {
  return { ...status, nodeInfo: { ...status.nodeInfo, bootID: `${name}-boot-${boot}` } };
}

/** As a node that lost its checkpoint comes back: what plugins once advertised counts for nothing until they register. */
export function withoutDevices(status: KubeObject['status']): KubeObject['status'] {
  const zeroed = (quantities: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(quantities).map(([name, amount]) => [name, isExtended(name) ? '0' : amount]),
    );
  return { ...status, capacity: zeroed(status.capacity), allocatable: zeroed(status.allocatable) };
}
