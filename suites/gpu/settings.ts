import { z } from 'zod';
import { GpuNodeSettings, PluginDefect, WaitPoint } from '../../clusters/gpu-node/settings.ts';
import { Duration, type Plan, type SuitePlan } from '../../harness/plan/schema.ts';
import type { Level, Profile } from '../../harness/verdict/verdict.ts';
import { partOf, resolvePart } from '../plan-part.ts';

export const SUITE = 'gpu';
export const RESOURCE = 'nvidia.com/gpu';

/** The incident's remedies, each a switch. */
export const Remedies = z.strictObject({
  /** Associations that the plugin makes at once; false: one. The remedy: 1.5 × GPUs. */
  workerPool: z.union([z.int().min(1), z.literal(false)]),
  /** 5 s for an association, then again, twice. */
  timeoutRetry: z.boolean(),
  /** Where the plugin waits for the association. */
  wait: WaitPoint,
  /** An init container that waits until nvidia-smi sees the GPU. */
  initGate: z.boolean(),
  /** GPU pods of Jobs on one node at the most; false: as many as there are GPUs. */
  jobCap: z.union([z.int().min(1), z.literal(false)]),
  /** GPUs that the namespace may hold; `auto`: the cap times the workers. */
  quota: z.union([z.int().min(1), z.literal('auto'), z.literal(false)]),
});
export type Remedies = z.infer<typeof Remedies>;

export const GpuSettings = z.strictObject({
  gpusPerNode: z.int().min(1).max(64),
  replicas: z.int().min(1),
  gpusPerReplica: z.int().min(1),
  /** Starts under load that are wanted in all: two waves at the least, or none. */
  starts: z.int().min(0),
  /** Jobs created at once. */
  jobsAtOnce: z.int().min(1),
  framework: z.enum(['pytorch', 'tensorflow', 'both']),
  /** How long a container goes on probing its GPUs. */
  hold: Duration,
  probeInterval: Duration,
  /** What each replica asks for besides GPUs. The incident's: 16 CPUs, 64 Gi. */
  cpu: z.string(),
  memory: z.string(),
  /** A pod that has not started after so long is starved. */
  startDeadline: Duration,
  /** How long a node may take to show what is allocatable: a kubelet writes its status every 10 s. */
  allocatableDeadline: Duration,
  /** Least and most that the fake driver takes for an association, drawn uniformly. */
  bindLatency: z.tuple([Duration, Duration]).default([200, 300]),
  /** A way in which the fake plugin is wrong: a control that must be refused. */
  defect: PluginDefect,
});
export type GpuSettings = z.infer<typeof GpuSettings>;

/** The incident's node. */
const GPUS = 8;
/** The remedy's cap, of a node with 8 GPUs. */
export const CAP_SHARE = 0.75;

const REMEDIES: Record<Profile, (gpus: number) => Remedies> = {
  incident: () => ({
    workerPool: false,
    timeoutRetry: false,
    wait: 'none',
    initGate: false,
    jobCap: false,
    quota: false,
  }),
  hardened: (gpus) => ({
    workerPool: Math.ceil(1.5 * gpus),
    timeoutRetry: true,
    wait: 'prestart',
    initGate: false,
    jobCap: Math.max(1, Math.floor(CAP_SHARE * gpus)),
    quota: 'auto',
  }),
  'as-is': () => ({
    workerPool: false,
    timeoutRetry: false,
    wait: 'none',
    initGate: false,
    jobCap: false,
    quota: false,
  }),
};

/** A profile's remedies on nodes of so many GPUs. */
export function remediesOf(profile: Profile, gpus: number): Remedies {
  return REMEDIES[profile](gpus);
}

/** A little more than the level's minimum, so that one pod lost to the end of a run does not spoil it. */
const STARTS: Record<Level, number> = { smoke: 48, standard: 304, release: 3_008 };
/** Two Jobs at once is the least with which the incident showed itself. */
const JOBS_AT_ONCE = 2;
/** Enough fake nodes for a hundred starts a second. */
const RELEASE_WORKERS = 40;

function defaultsOf(plan: Plan): GpuSettings {
  const real = plan.cluster.provider !== 'embedded';
  const workers = workersOf(plan);
  // At the release level the cluster is kept full: as many Jobs of eight as the caps let run.
  const jobsAtOnce =
    plan.level === 'release' && !real ? Math.floor((workers * GPUS * CAP_SHARE) / 8) : JOBS_AT_ONCE;
  return {
    gpusPerNode: GPUS,
    replicas: 8,
    gpusPerReplica: 1,
    starts: STARTS[plan.level],
    jobsAtOnce: Math.max(JOBS_AT_ONCE, jobsAtOnce),
    framework: 'both',
    // The incident's pods need time to recover on their own; elsewhere a few looks are enough.
    hold: plan.profile === 'incident' ? 2_000 : 400,
    // A look is two processes, which cost more than all the rest of an embedded start: as few as tell the story.
    probeInterval: plan.profile === 'incident' ? 500 : 400,
    cpu: real ? '10m' : '16',
    memory: real ? '16Mi' : '64Gi',
    startDeadline: real ? 180_000 : 60_000,
    allocatableDeadline: real ? 60_000 : 8_000,
    bindLatency: [200, 300],
    defect: 'none',
  };
}

function workersOf(plan: Plan): number {
  if (plan.cluster.workers !== undefined) return plan.cluster.workers;
  // On two processors three take longer than two, for their kubelets do, and pods that all start at once bind late.
  if (plan.cluster.provider === 'kind') return 2;
  if (plan.cluster.provider === 'k3s') return 5;
  return plan.level === 'release' ? RELEASE_WORKERS : 3;
}

/** The suite's part of a resolved plan. */
export function settingsOf(plan: Plan): {
  settings: GpuSettings;
  remedies: Remedies;
  faults: SuitePlan['faults'];
} {
  const { part } = partOf(plan, SUITE);
  return {
    settings: GpuSettings.parse(part.settings),
    remedies: Remedies.parse(part.remedies),
    faults: part.faults,
  };
}

/** @throws OrdealError PLAN_INVALID (exit 3) with every path. */
export function resolve(plan: Plan): Plan {
  return resolvePart(plan, SUITE, {
    settings: { schema: GpuSettings, defaults: defaultsOf(plan) },
    remedies: {
      schema: Remedies,
      defaults: (settings) => remediesOf(plan.profile, settings?.gpusPerNode ?? GPUS),
    },
    workers: workersOf(plan),
  });
}

/** The knobs of the fake GPU nodes for these remedies. */
export function nodeSettings(
  { bindLatency, defect, gpusPerNode }: Pick<GpuSettings, 'bindLatency' | 'defect' | 'gpusPerNode'>,
  remedies: Remedies,
  seed: number,
): GpuNodeSettings {
  return GpuNodeSettings.parse({
    resource: RESOURCE,
    gpus: gpusPerNode,
    workers: remedies.workerPool === false ? 1 : remedies.workerPool,
    latencyMs: bindLatency,
    wait: remedies.wait,
    timeoutMs: remedies.timeoutRetry ? 5_000 : 0,
    retries: remedies.timeoutRetry ? 2 : 0,
    seed,
    defect,
  });
}
