import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { V1Pod } from '@kubernetes/client-node';
import { pino } from 'pino';
import type { Benchmark, Figure } from '../../harness/bench/benchmark.ts';
import { childUse, type ProcessUse } from '../../harness/bench/process-use.ts';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { burst } from '../../harness/kube/burst.ts';
import { watchResource } from '../../harness/kube/watch.ts';
import { Plan } from '../../harness/plan/schema.ts';
import { UndoStack } from '../../harness/run/undo.ts';
import { writeSettings } from '../gpu-node/control.ts';
import { GpuNodeSettings } from '../gpu-node/settings.ts';
import type { Cluster } from '../port.ts';
import { embeddedProvider } from './provider.ts';

const FEW_NODES = 50;
const MANY_NODES = 500;
const RESOURCE = 'nvidia.com/gpu';
const GPUS = 8;
/** What a pod may cost more among many nodes than among few. */
const GROWTH = 1.2;
/** Two and a half times what has room at once. */
const PODS_PER_NODE = 20;
const REPLICAS = 10;
const READY_MS = 60_000;
const RUN_MS = 30 * 60_000;
const NAMESPACE = 'default';
/** A pod of the GPU suite's: it looks for its GPU, and is over once it has seen it. */
const JOB = {
  completions: REPLICAS,
  parallelism: REPLICAS,
  completionMode: 'Indexed',
  template: {
    spec: {
      restartPolicy: 'Never',
      containers: [
        {
          name: 'main',
          image: 'ordeal.dev/workload:embedded',
          command: ['sh', '-c', 'while ! nvidia-smi >/dev/null; do sleep 0.1; done; nvidia-smi -L'],
          resources: { limits: { [RESOURCE]: '1', cpu: '16', memory: '64Gi' } },
        },
      ],
    },
  },
};

/** The cluster's process and that of its GPU nodes; containers are not among them. */
const PROCESSES = /embedded-cluster|gpu-node/;

interface Measured {
  nodes: number;
  pods: number;
  /** Seconds from the first Job's creation to the last pod's end. */
  ranS: number;
  /** With every GPU advertised, and with every pod ended and still there. */
  ready: ProcessUse;
  done: ProcessUse;
}

/** 500 nodes and 10,000 GPU pods under a quota: what a node and a pod cost, and how that grows from a tenth of them. */
export const benchmark: Benchmark = {
  name: 'scale',
  rounds: 1,
  missing: async () => (process.platform === 'linux' ? undefined : 'processes are measured by /proc'),
  async round(signal) {
    const small = await measure(FEW_NODES, signal);
    const large = await measure(MANY_NODES, signal);
    return [...figuresOf(small), ...figuresOf(large), ...growth(small, large)];
  },
};

function figuresOf(measured: Measured): Figure[] {
  const { done, nodes, pods, ranS } = measured;
  const { cpuMs, memoryKiB } = perPod(measured);
  const of = (name: string, value: number, unit: string) => ({
    name: `${nodes} nodes: ${name}`,
    value,
    unit,
  });
  return [
    of('pods', pods, ''),
    of('memory a pod', memoryKiB, 'KiB'),
    of('processor time a pod', cpuMs, 'ms'),
    of('time a pod', (ranS * 1_000) / pods, 'ms'),
    of('time in all', ranS, 's'),
    of('memory at the end', done.memoryKiB / 1_024, 'MiB'),
  ];
}

function growth(small: Measured, large: Measured): Figure[] {
  const [few, many] = [perPod(small), perPod(large)];
  const memoryKiB = (large.ready.memoryKiB - small.ready.memoryKiB) / (large.nodes - small.nodes);
  return [
    { name: 'memory a node more', value: memoryKiB, unit: 'KiB' },
    // 1 where growth is linear.
    {
      name: 'memory a pod, many nodes over few',
      value: many.memoryKiB / few.memoryKiB,
      unit: '',
      goal: GROWTH,
    },
    {
      name: 'processor time a pod, many nodes over few',
      value: many.cpuMs / few.cpuMs,
      unit: '',
      goal: GROWTH,
    },
  ];
}

function perPod({ done, pods, ready }: Measured) {
  return {
    memoryKiB: (done.memoryKiB - ready.memoryKiB) / pods,
    cpuMs: ((done.cpuS - ready.cpuS) * 1_000) / pods,
  };
}

async function measure(nodes: number, signal: AbortSignal): Promise<Measured> {
  const undo = new UndoStack();
  const folder = mkdtempSync(join(tmpdir(), 'os-'));
  try {
    const cluster = await up(folder, nodes, undo, signal);
    const ready = await childUse(PROCESSES);
    const started = performance.now();
    const pods = await runPods(cluster, nodes * PODS_PER_NODE, signal);
    const ranS = (performance.now() - started) / 1_000;
    return { nodes, pods, ranS, ready, done: await childUse(PROCESSES) };
  } finally {
    await undo.unwind();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function up(folder: string, workers: number, undo: UndoStack, signal: AbortSignal): Promise<Cluster> {
  const cluster = await embeddedProvider.up({
    plan: Plan.parse({ cluster: { provider: 'embedded', workers } }),
    runId: `scale-${process.pid}`,
    outDir: join(folder, 'out'),
    workDir: folder,
    clock: systemClock,
    signal,
    undo,
    log: pino({ level: 'silent' }),
    progress: () => undefined,
  });
  const settings = GpuNodeSettings.parse({ gpus: GPUS, workers: 12, wait: 'prestart' });
  const withGpus = cluster.nodes.filter(({ stateDir }) => stateDir !== undefined);
  for (const node of withGpus) await writeSettings(node, settings);
  await cluster.startGpuNodes();
  const ready = async () =>
    (await cluster.kube.core.listNode()).items.filter(
      ({ status }) => status?.allocatable?.[RESOURCE] === String(GPUS),
    ).length;
  await waitFor(async () => (await ready()) === workers, {
    ...{ what: `the GPUs of ${workers} nodes`, deadlineMs: READY_MS, intervalMs: 500, signal },
  });
  return cluster;
}

/** Runs so many pods with a GPU each, all asked for at once; returns how many they were once each has ended well. */
async function runPods({ kube }: Cluster, pods: number, signal: AbortSignal): Promise<number> {
  const ended = new Set<string>();
  const watch = watchResource<V1Pod>({
    kube,
    path: `/api/v1/namespaces/${NAMESPACE}/pods`,
    onEvent: (_, { metadata, status }) => {
      if (status?.phase === 'Succeeded') ended.add(metadata?.uid ?? '');
    },
    clock: systemClock,
    signal,
  });
  try {
    await watch.synced;
    await kube.core.createNamespacedResourceQuota({
      namespace: NAMESPACE,
      body: { metadata: { name: 'gpus' }, spec: { hard: { [`requests.${RESOURCE}`]: String(pods) } } },
    });
    const names = Array.from({ length: pods / REPLICAS }, (_, index) => `job-${index}`);
    const made = await burst(names, (name) =>
      kube.batch.createNamespacedJob({ namespace: NAMESPACE, body: { metadata: { name }, spec: JOB } }),
    );
    for (const outcome of made) if (outcome.status === 'rejected') throw outcome.reason;
    await waitFor(() => ended.size === pods, {
      what: `the end of ${pods} pods`,
      deadlineMs: RUN_MS,
      seen: () => `${ended.size} have ended`,
      signal,
    });
    return pods;
  } finally {
    await watch.stop();
  }
}
