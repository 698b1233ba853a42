import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchV1Api, KubeConfig, type V1Job } from '@kubernetes/client-node';
import type { Benchmark, Figure } from '../../harness/bench/benchmark.ts';
import { answers, timed } from '../../harness/bench/timed.ts';
import { run } from '../../harness/exec/exec.ts';
import { burst } from '../../harness/kube/burst.ts';
import { connect, type Kube } from '../../harness/kube/client.ts';
import { kindReadiness } from './readiness.ts';

const JOBS = 200;
const REPETITIONS = 5;
/** A process a Job: once is enough to see. */
const KUBECTL_CREATE_REPETITIONS = 1;
const NAME = 'bench-jobs';
const UP_MS = 300_000;

/** A way to have all Jobs accepted in a namespace. */
interface Way {
  name: string;
  repetitions: number;
  create(namespace: string): Promise<unknown>;
}

type Kubectl = (args: readonly [command: string, ...args: string[]]) => Promise<unknown>;

/** 200 Jobs accepted by a real API server, or by embedded's where there is no kind: ours, kubectl's and the stock client's. */
export const benchmark: Benchmark = {
  name: 'jobs-accepted',
  rounds: 1,
  missing: async () =>
    (await answers(['kubectl', 'version', '--client'])) ? undefined : 'there is no kubectl',
  async round(signal) {
    const ready = (await kindReadiness()).every(({ ok }) => ok);
    const cluster = ready ? 'kind' : 'embedded';
    const name = `${NAME}-${process.pid}`;
    const folder = await mkdtemp(join(tmpdir(), 'bench-'));
    const ordeal = [process.execPath, 'ordeal.mjs'];
    try {
      const up = [...ordeal, 'up', '--cluster', cluster, '--workers', '1', '--name', name];
      const { stdout } = await run(up, { timeoutMs: UP_MS, signal });
      const kubeconfig = /KUBECONFIG=(.*)/.exec(stdout)?.[1] as string;
      return await figures(cluster, kubeconfig, folder, signal);
    } finally {
      await run([...ordeal, 'down', name], { timeoutMs: UP_MS });
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function figures(
  cluster: string,
  kubeconfig: string,
  folder: string,
  signal: AbortSignal,
): Promise<Figure[]> {
  const kube = await connect(kubeconfig);
  try {
    // Embedded's API server publishes no schemas to validate by.
    const validation = cluster === 'embedded' ? ['--validate=false'] : [];
    const kubectl: Kubectl = ([command, ...args]) =>
      run(['kubectl', '--kubeconfig', kubeconfig, command, ...validation, ...args], { timeoutMs: 0, signal });
    const ways = await waysOf(kube, kubeconfig, folder, kubectl);
    const seconds = new Map<Way, number[]>(ways.map((way) => [way, []]));
    for (let repetition = 0; repetition < REPETITIONS; repetition++) {
      for (const [index, way] of ways.entries()) {
        if (repetition >= way.repetitions) continue;
        const namespace = `bench-${index}-${repetition}`;
        await kube.core.createNamespace({ body: { metadata: { name: namespace } } });
        seconds.get(way)?.push((await timed(() => way.create(namespace))) / 1_000);
        const { items } = await kube.batch.listNamespacedJob({ namespace });
        if (items.length !== JOBS) throw new Error(`${way.name}: ${items.length} of ${JOBS} Jobs are there`);
        // What it left would be listed and garbage-collected beside the next one.
        await kube.batch.deleteCollectionNamespacedJob({ namespace });
      }
    }
    const [ours = [], apply = [], , sequential = [], atOnce = []] = ways.map((way) => seconds.get(way) ?? []);
    // The goals are about a real API server.
    const goal = (atLeast: number) => (cluster === 'kind' ? { atLeast } : {});
    const ratios = (name: string, of: readonly number[], atLeast: number): Figure[] =>
      of.map((value, at) => ({
        ...{ name: `on ${cluster}: ${name} / ours`, value: value / (ours[at] ?? Number.NaN), unit: '×' },
        ...goal(atLeast),
      }));
    return [
      ...ratios('kubectl apply of one file', apply, 3.5),
      ...ratios('stock client, Promise.all', atOnce, 2.5),
      ...ratios('stock client, one by one', sequential, 2.5),
      ...ways.flatMap((way) =>
        (seconds.get(way) ?? []).map((value) => ({ name: `on ${cluster}: ${way.name}`, value, unit: 's' })),
      ),
    ];
  } finally {
    kube.close();
  }
}

async function waysOf(kube: Kube, kubeconfig: string, folder: string, kubectl: Kubectl): Promise<Way[]> {
  const all = Array.from({ length: JOBS }, (_, index) => job(`job-${index}`));
  const list = join(folder, 'jobs.json');
  await writeFile(list, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: all }));
  const files = await Promise.all(
    all.map(async (each, index) => {
      const file = join(folder, `${index}.json`);
      await writeFile(file, JSON.stringify(each));
      return file;
    }),
  );
  // As its documentation has it: a configuration that was loaded, and a client that it made.
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const stock = config.makeApiClient(BatchV1Api);
  return [
    {
      name: 'ours, 16 in flight over kept connections',
      repetitions: REPETITIONS,
      async create(namespace) {
        const outcomes = await burst(all, (body) => kube.batch.createNamespacedJob({ namespace, body }));
        for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
      },
    },
    {
      name: 'kubectl apply of one file',
      repetitions: REPETITIONS,
      create: (namespace) => kubectl(['apply', '-n', namespace, '-f', list]),
    },
    {
      name: 'kubectl create, a process a Job',
      repetitions: KUBECTL_CREATE_REPETITIONS,
      async create(namespace) {
        for (const file of files) await kubectl(['create', '-n', namespace, '-f', file]);
      },
    },
    {
      name: 'stock client, one by one',
      repetitions: REPETITIONS,
      async create(namespace) {
        for (const body of all) await stock.createNamespacedJob({ namespace, body });
      },
    },
    {
      name: 'stock client, Promise.all',
      repetitions: REPETITIONS,
      create: (namespace) => Promise.all(all.map((body) => stock.createNamespacedJob({ namespace, body }))),
    },
  ];
}

/** Suspended: it is accepted as any other is, and makes no pods whose start would be in the way of the next ones. */
function job(name: string): V1Job {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name },
    spec: {
      suspend: true,
      template: {
        spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'none', command: ['true'] }] },
      },
    },
  };
}
