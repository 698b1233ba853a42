import { readFileSync, readlinkSync } from 'node:fs';
import { CoordinationV1Api, type V1Lease, V1MicroTime } from '@kubernetes/client-node';
import type { Clock } from '../harness/clock/clock.ts';
import { EXIT, OrdealError } from '../harness/errors/error.ts';
import { processName, stillRuns } from '../harness/exec/born-at.ts';
import type { Kube } from '../harness/kube/client.ts';
import type { StepContext } from '../harness/run/ports.ts';
import { ignoring } from './container-nodes/gpu-nodes.ts';
import type { Cluster } from './port.ts';

/** The Lease that whoever breaks a cluster on purpose holds: one at a time, from whichever machine. */
const LEASE = { namespace: 'default', name: 'ordeal' } as const;
/** Of its holder: which process of which machine. */
const OWNER = 'ordeal.dev/owner';
const LEASE_S = 60;
/** Renewals in a lease: a busy API server may miss all but one. */
const RENEWALS = 6;

export interface ClusterLock {
  /** Who held it meanwhile, or undefined where nobody did. */
  lost(): string | undefined;
  /** Safe to repeat, and where it was never had. */
  release(): Promise<void>;
}

type LockOptions = Pick<StepContext, 'runId' | 'clock' | 'signal' | 'progress'>;

/**
 * Takes a cluster for one run and keeps it until it is released. One that was left behind is taken over: at once where its
 * harness ran on this machine and is gone, else when nobody has renewed it for as long as it says, by this machine’s clock
 * alone. Whoever calls has registered `releaseLock` as its undo.
 * @throws OrdealError CLUSTER_IN_USE (exit 4): nothing was touched.
 */
export async function lockCluster(kube: Kube, options: LockOptions): Promise<ClusterLock> {
  const { clock, runId } = options;
  const api = kube.config.makeApiClient(CoordinationV1Api);
  await acquire(api, options);
  const ending = new AbortController();
  let stolenBy: string | undefined;
  const renewing = (async () => {
    while (!ending.signal.aborted) {
      await clock.sleep((LEASE_S * 1_000) / RENEWALS, ending.signal).catch(() => undefined);
      if (ending.signal.aborted) return;
      // An API server that is away for a while takes the lock from nobody: the next one may get through.
      stolenBy ??= await renew(api, options).catch(() => undefined);
    }
  })();
  return {
    lost: () => stolenBy,
    async release() {
      ending.abort();
      await renewing;
      await releaseLock(kube, runId);
    },
  };
}

/**
 * A cluster that is up, for a session alone: given back and let go at its end.
 * @param accept may refuse it by throwing, before it is taken: what is wrong with it holds whoever has it meanwhile.
 * @throws OrdealError CLUSTER_IN_USE (exit 4)
 */
export async function lockedFor(
  cluster: Cluster,
  context: StepContext,
  accept: (cluster: Cluster) => void,
): Promise<Cluster> {
  const { kube } = cluster;
  let lock: ClusterLock | undefined;
  context.undo.push(`let go of the cluster ${cluster.name}`, async () => {
    await (lock?.release() ?? releaseLock(kube, context.runId)).finally(() => kube.close());
  });
  accept(cluster);
  lock = await lockCluster(kube, context);
  return cluster;
}

/** Gives a run’s lock back, where it has it. Safe to repeat. */
export async function releaseLock(kube: Kube, runId: string): Promise<void> {
  const api = kube.config.makeApiClient(CoordinationV1Api);
  const found = await read(api);
  if (found?.spec?.holderIdentity !== runId) return;
  const { resourceVersion, uid } = found.metadata ?? {};
  const preconditions = { ...(resourceVersion && { resourceVersion }), ...(uid && { uid }) };
  await ignoring(404, ignoring(409, api.deleteNamespacedLease({ ...LEASE, body: { preconditions } })));
}

/** Which run has it; undefined where none does. */
export async function lockedBy(kube: Kube): Promise<string | undefined> {
  return (await read(kube.config.makeApiClient(CoordinationV1Api)))?.spec?.holderIdentity;
}

async function acquire(api: CoordinationV1Api, options: LockOptions): Promise<void> {
  const { clock, progress, runId, signal } = options;
  if (await made(api, options)) return;
  const first = await read(api);
  if (first === undefined) return await acquire(api, options);
  if (!isLeft(first)) {
    const { holderIdentity, leaseDurationSeconds, renewTime } = first.spec ?? {};
    const lapsesMs = new Date(renewTime ?? 0).getTime() + (leaseDurationSeconds ?? LEASE_S) * 1_000;
    if (lapsesMs > clock.wall()) throw inUse(first);
    // By that one’s clock it may be fresh all the same: what lives renews it within this.
    progress(
      `the cluster’s lease is held by run ${holderIdentity}, and has lapsed: looking whether it is renewed`,
    );
    await clock.sleep((2 * LEASE_S * 1_000) / RENEWALS, signal);
  }
  const { metadata } = first;
  // Of the version that was looked at: whoever has renewed it or taken it since, keeps it.
  const body = leaseOf(runId, clock, metadata?.resourceVersion, (first.spec?.leaseTransitions ?? 0) + 1);
  const taken = await ignoring(404, ignoring(409, api.replaceNamespacedLease({ ...LEASE, body })));
  if (taken === undefined) throw inUse((await read(api)) ?? first);
}

async function made(api: CoordinationV1Api, { clock, runId }: LockOptions): Promise<boolean> {
  const body = leaseOf(runId, clock);
  return (await ignoring(409, api.createNamespacedLease({ namespace: LEASE.namespace, body }))) !== undefined;
}

/** @returns who else has it. */
async function renew(api: CoordinationV1Api, options: LockOptions): Promise<string | undefined> {
  const { clock, runId } = options;
  const found = await read(api);
  if (found === undefined) {
    if (await made(api, options)) return undefined;
    return await renew(api, options);
  }
  const { holderIdentity, leaseTransitions } = found.spec ?? {};
  if (holderIdentity !== runId) return holderIdentity ?? 'nobody';
  const body = leaseOf(runId, clock, found.metadata?.resourceVersion, leaseTransitions);
  await api.replaceNamespacedLease({ ...LEASE, body });
  return undefined;
}

async function read(api: CoordinationV1Api): Promise<V1Lease | undefined> {
  return await ignoring(404, api.readNamespacedLease(LEASE));
}

function leaseOf(runId: string, clock: Clock, resourceVersion?: string, leaseTransitions = 0): V1Lease {
  const now = new V1MicroTime(clock.wall());
  return {
    metadata: {
      ...LEASE,
      annotations: { [OWNER]: owner() },
      ...(resourceVersion && { resourceVersion }),
    },
    spec: {
      ...{ holderIdentity: runId, leaseDurationSeconds: LEASE_S, leaseTransitions },
      ...{ acquireTime: now, renewTime: now },
    },
  };
}

/** Whether it was held by a process of this machine that is gone. */
function isLeft({ metadata }: V1Lease): boolean {
  const [where, process = ''] = metadata?.annotations?.[OWNER]?.split(' ') ?? [];
  return where !== undefined && where === machine() && !stillRuns(process);
}

function owner(): string {
  return `${machine() ?? 'unknown'} ${processName()}`;
}

/** Where a PID means the same process: this boot of this kernel, and this namespace of PIDs; undefined where nothing tells. */
function machine(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return undefined;
  }
}

function inUse({ spec }: V1Lease): OrdealError {
  const { holderIdentity, leaseDurationSeconds = LEASE_S, renewTime } = spec ?? {};
  const renewed = renewTime ? new Date(renewTime).toISOString() : 'at an unknown time';
  return new OrdealError({
    code: 'CLUSTER_IN_USE',
    exit: EXIT.unable,
    tried: 'taking the cluster for this run',
    seen: `run ${holderIdentity} has it: the Lease ${LEASE.namespace}/${LEASE.name} was renewed ${renewed}`,
    todo: `wait until that run has ended; where it was killed, its Lease lapses after ${leaseDurationSeconds} s, or after \`ordeal clean\` on its machine`,
  });
}
