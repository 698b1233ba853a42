import { timestamp } from '../memory-store.ts';
import { type ContainerSpec, initContainers, mainContainers, withCondition } from '../pod.ts';
import type { KubeObject } from '../store.ts';
import type { Container } from './container.ts';

/** One container of a pod as its worker knows it. */
export interface ContainerRecord {
  spec: ContainerSpec;
  /** How often it was started. */
  attempts: number;
  current?: Container;
  previous?: Container;
  /** Since its last start, by its startup and its readiness probe; true from the start where it has none. */
  started: boolean;
  ready: boolean;
  /** Why it is not running, where it has not been started. */
  waiting: { reason: string; message?: string };
}

export interface PodRecord {
  pod: KubeObject;
  init: ContainerRecord[];
  main: ContainerRecord[];
  hostIp: string;
  podIp: string;
  startTime: string;
  /** Its sandbox is there: containers may start. */
  sandboxed: boolean;
  /** The pod's own end, where it did not come from its containers: `Evicted`, `UnexpectedAdmissionError`. */
  failed?: { reason: string; message: string };
}

export function podRecord(pod: KubeObject, hostIp: string, podIp: string, wall: number): PodRecord {
  const waiting = (reason: string) => (spec: ContainerSpec) => ({
    spec,
    attempts: 0,
    started: false,
    ready: false,
    waiting: { reason },
  });
  const init = initContainers(pod).map(waiting('PodInitializing'));
  return {
    pod,
    init,
    main: mainContainers(pod).map(waiting(init.length > 0 ? 'PodInitializing' : 'ContainerCreating')),
    hostIp,
    podIp,
    startTime: timestamp(wall),
    sandboxed: false,
  };
}

/** containerd's exit code for a container whose task is not there any more. */
export const LOST = 255;

function stateOf(container: Container) {
  const startedAt = timestamp(container.startedAt);
  if (container.exitCode === undefined || container.finishedAt === undefined)
    return { running: { startedAt } };
  const { finishedAt, lost } = container;
  const exitCode = lost ? LOST : container.exitCode;
  const reason = lost ? 'Unknown' : exitCode === 0 ? 'Completed' : 'Error';
  return {
    terminated: {
      exitCode,
      reason,
      startedAt,
      finishedAt: timestamp(finishedAt),
      containerID: idOf(container),
    },
  };
}

function idOf(container: Container): string {
  return `process://${container.id}`;
}

function isStarted({ current, started }: ContainerRecord): boolean {
  return started && current?.running === true;
}

function isReady(record: ContainerRecord): boolean {
  return record.ready && isStarted(record);
}

function containerStatus(record: ContainerRecord) {
  const { spec, attempts, current, previous, waiting } = record;
  const last = current ?? previous;
  return {
    name: spec.name,
    image: spec.image ?? '',
    imageID: '',
    ready: isReady(record),
    started: isStarted(record),
    restartCount: Math.max(0, attempts - 1),
    state: current ? stateOf(current) : { waiting },
    lastState: previous ? stateOf(previous) : {},
    ...(last && { containerID: idOf(last) }),
  };
}

/** Whether the pod's policy starts this container again after this end. */
export function restarts(pod: KubeObject, exitCode: number | undefined): boolean {
  const policy = pod.spec?.restartPolicy;
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

export function phaseOf({ pod, init, main, failed }: PodRecord): string {
  if (failed) return 'Failed';
  const ended = (record: ContainerRecord) => record.current !== undefined && !record.current.running;
  if (
    init.some(
      (record) => ended(record) && record.current?.exitCode !== 0 && pod.spec?.restartPolicy === 'Never',
    )
  )
    return 'Failed';
  if (main.every((record) => ended(record) && !restarts(pod, record.current?.exitCode))) {
    return main.every(({ current }) => current?.exitCode === 0) ? 'Succeeded' : 'Failed';
  }
  return main.some(({ current, previous }) => current || previous) ? 'Running' : 'Pending';
}

/** Why a pod that has ended is not ready. */
const OVER: Record<string, { reason: string }> = {
  Succeeded: { reason: 'PodCompleted' },
  Failed: { reason: 'PodFailed' },
};

function unreadyOf(main: readonly ContainerRecord[]) {
  const names = main.filter((record) => !isReady(record)).map(({ spec }) => spec.name);
  return {
    reason: 'ContainersNotReady',
    message: `containers with unready status: [${names.join(' ')}]`,
  };
}

/** The status that the kubelet writes. */
export function statusOf(record: PodRecord, wall: number): KubeObject['status'] {
  const { pod, init, main, hostIp, podIp, startTime, sandboxed, failed } = record;
  const phase = phaseOf(record);
  const now = timestamp(wall);
  const over = phase === 'Succeeded' || phase === 'Failed';
  const initialized = init.every(({ current }) => current?.exitCode === 0) && !failed;
  const ready = !over && main.every(isReady);
  const unready = over ? OVER[phase] : unreadyOf(main);
  const { containerStatuses: _, initContainerStatuses: __, ...before } = pod.status ?? {};
  let status: KubeObject['status'] = {
    ...before,
    phase,
    ...(failed ?? {}),
    hostIP: hostIp,
    hostIPs: [{ ip: hostIp }],
    startTime,
    ...(failed ? {} : { podIP: podIp, podIPs: [{ ip: podIp }] }),
    ...(init.length > 0 && { initContainerStatuses: init.map(containerStatus) }),
    ...(failed && !main.some(({ current }) => current)
      ? {}
      : { containerStatuses: main.map(containerStatus) }),
  };
  status = withCondition(status, 'PodScheduled', 'True', now);
  if (failed) return status;
  status = withCondition(status, 'PodReadyToStartContainers', sandboxed && !over ? 'True' : 'False', now);
  status = withCondition(status, 'Initialized', initialized ? 'True' : 'False', now);
  status = withCondition(status, 'Ready', ready ? 'True' : 'False', now, ready ? {} : unready);
  return withCondition(status, 'ContainersReady', ready ? 'True' : 'False', now, ready ? {} : unready);
}
