import { z } from 'zod';
import { GpuNodeSettings, PluginDefect, WaitPoint } from '../../clusters/gpu-node/settings.ts';
import { planInvalid } from '../../harness/plan/load.ts';
import { Duration, type Plan, type SuitePlan } from '../../harness/plan/schema.ts';
import type { Level, Profile } from '../../harness/verdict/verdict.ts';
import { partOf, resolvePart } from '../plan-part.ts';
import { Checkpoints } from './checkpoints/settings.ts';

export const SUITE = 'gpu';
export const RESOURCE = 'nvidia.com/gpu';

/** As long as GPU-9 allows a lie to be. A scrape takes about 6 ms of processor at its three ends together. */
const SCRAPE_MS = 500;

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

/** Who is asked what monitoring says of the GPUs, and how often. */
export const ExporterSettings = z.strictObject({
  /** Between two scrapes of one node. */
  interval: Duration.refine((ms) => ms >= 10, 'expected 10ms at the least').default(SCRAPE_MS),
  /** The exporter’s pods, one a node, asked through the API server. Those of fake GPU nodes are found without. */
  namespace: z.string().min(1).default('gpu-operator'),
  selector: z.string().min(1).default('app=nvidia-dcgm-exporter'),
  port: z.int().min(1).max(65_535).default(9_400),
  path: z.string().startsWith('/').default('/metrics'),
});
export type ExporterSettings = z.infer<typeof ExporterSettings>;

export const GpuSettings = z.strictObject({
  gpusPerNode: z.int().min(1).max(64),
  replicas: z.int().min(1),
  gpusPerReplica: z.int().min(1),
  /** Starts under load that are wanted in all: two waves at the least, or none. */
  starts: z.int().min(0),
  /** Jobs created at once, for each group of nodes. */
  jobsAtOnce: z.int().min(1),
  /** Parts of the workers that bursts come to apart: while one's containers end, another's start. */
  groups: z.int().min(1).default(1),
  framework: z.enum(['pytorch', 'tensorflow', 'both']),
  /** The image of the training Jobs, with a shell and nvidia-smi; left out, the cluster's workload image. */
  image: z.string().min(1).optional(),
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
  /** What monitoring says of the GPUs, too; false: nobody asks, and GPU-9 is no requirement of the run. */
  exporter: z.union([ExporterSettings, z.literal(false)]).default(false),
  /** Training that writes checkpoints and has to go on from them, for GPU-8; false: not asked for. */
  checkpoints: z.union([z.literal(false), Checkpoints]).default(false),
});
export type GpuSettings = z.infer<typeof GpuSettings>;

/** The incident's node. */
const GPUS = 8;
/** The incident's Job. */
const REPLICAS = 8;
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
/**
 * The incident's pods need time to recover on their own, and a vendor's are seen by PodResources alone, which is asked
 * every 400 ms; elsewhere a few looks are enough.
 */
const HOLD: Record<Profile, number> = { incident: 1_500, hardened: 300, 'as-is': 3_000 };
const PROBE_INTERVAL: Record<Profile, number> = { incident: 500, hardened: 300, 'as-is': 1_000 };
/** Two Jobs at once is the least with which the incident showed itself. */
const JOBS_AT_ONCE = 2;
/** Enough fake nodes for a hundred starts a second. */
const RELEASE_WORKERS = 56;
const RELEASE_GROUPS = 7;

function jobsAtOnce(plan: Plan): number {
  const { cluster, level, profile } = plan;
  const workers = workersOf(plan);
  // At the release level the cluster is kept full and busy: as many Jobs of eight as the caps let run on each group.
  if (level === 'release' && cluster.provider === 'embedded')
    return Math.floor((Math.floor(workers / groupsOf(plan)) * GPUS * CAP_SHARE) / REPLICAS);
  return cluster.provider === 'kind' ? wholeRounds(workers * (remediesOf(profile, GPUS).jobCap || GPUS)) : 0;
}

function groupsOf(plan: Plan): number {
  const full = plan.level === 'release' && plan.cluster.provider === 'embedded';
  return full && workersOf(plan) >= RELEASE_GROUPS ? RELEASE_GROUPS : 1;
}

/**
 * Jobs whose pods fill so many slots and then, twice at the most, fill them again: of a wave that leaves a rest, the rest
 * has the cluster to itself and takes as long as a whole round. 0 where there is no such number.
 */
function wholeRounds(slots: number): number {
  const rounds = [1, 2].find((rounds) => (rounds * slots) % REPLICAS === 0);
  return rounds === undefined ? 0 : (rounds * slots) / REPLICAS;
}

function defaultsOf(plan: Plan): z.input<typeof GpuSettings> {
  const real = plan.cluster.provider !== 'embedded';
  return {
    gpusPerNode: GPUS,
    replicas: REPLICAS,
    gpusPerReplica: 1,
    starts: STARTS[plan.level],
    jobsAtOnce: Math.max(JOBS_AT_ONCE, jobsAtOnce(plan)),
    groups: groupsOf(plan),
    framework: 'both',
    hold: HOLD[plan.profile],
    // A look is two processes, which cost more than all the rest of an embedded start: as few as tell the story.
    probeInterval: PROBE_INTERVAL[plan.profile],
    cpu: real ? '10m' : '16',
    memory: real ? '16Mi' : '64Gi',
    startDeadline: real ? 180_000 : 60_000,
    allocatableDeadline: real ? 60_000 : 8_000,
    bindLatency: [200, 300],
    defect: 'none',
    // Embedded's exporters are the harness's own, and three cost little; fifty-six would take the time that is judged.
    exporter: real || plan.profile === 'as-is' || plan.level === 'release' ? false : {},
    checkpoints: false,
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
  const resolved = resolvePart(plan, SUITE, {
    settings: { schema: GpuSettings, defaults: defaultsOf(plan) },
    remedies: {
      schema: Remedies,
      defaults: (settings) => remediesOf(plan.profile, settings?.gpusPerNode ?? GPUS),
    },
    workers: workersOf(plan),
  });
  refuseUnreachableStore(resolved);
  return resolved;
}

/** A store of the run's own is on this machine: on loopback, or where kind's nodes have it for their gateway. */
function refuseUnreachableStore(plan: Plan): void {
  const { checkpoints } = settingsOf(plan).settings;
  const { isolation, provider } = plan.cluster;
  if (checkpoints === false || checkpoints.endpoint !== undefined) return;
  if ((provider === 'embedded' && isolation !== 'uml') || provider === 'kind') return;
  const { index } = partOf(plan, SUITE);
  const where = provider === 'embedded' ? 'isolation uml' : provider;
  throw planInvalid(`checking the plan of suite ${SUITE}`, [
    {
      path: `suites.${index}.settings.checkpoints.endpoint`,
      message: `expected the address of an S3 store, for pods on ${where} do not reach one of this machine’s own`,
    },
  ]);
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
