import type { V1Pod } from '@kubernetes/client-node';
import {
  type SimulatedCluster,
  simulatedMissing,
} from '../../../clusters/existing/testing/simulated/cluster.ts';
import { KYVERNO_NAME } from '../../../clusters/images/go-binary.ts';
import type { Benchmark, Figure } from '../../../harness/bench/benchmark.ts';
import { timed } from '../../../harness/bench/timed.ts';
import { quantile } from '../../../harness/verdict/bounds.ts';
import {
  askingPod,
  job,
  makeNamespace,
  pod,
  putInForce,
  putRefusing,
  startCappedCluster,
  takeOff,
  WAYS,
} from './testing/capped.ts';
import { KyvernoBeside } from './testing/kyverno.ts';

const CREATIONS = 300;
const NAMESPACE = 'bench';
const NAME = 'bench';

/** What each way to a cap on GPU pods takes of a creation; nothing is stored, so that nothing of it is in the next one's way. */
export const benchmark: Benchmark = {
  name: 'admission',
  rounds: 3,
  missing: simulatedMissing,
  async round(signal) {
    const cluster = await startCappedCluster(`capped-${process.pid}`);
    try {
      await KyvernoBeside.startedAt(cluster);
      await makeNamespace(cluster, NAMESPACE);
      const unasked = pod(NAME, 1);
      const figures = await measured(cluster, 'no policy', unasked, signal);
      for (const [way, manifest] of [
        ['MutatingAdmissionPolicy', WAYS.native],
        [`ClusterPolicy of ${KYVERNO_NAME}`, WAYS.kyverno],
        [`MutatingPolicy of ${KYVERNO_NAME}`, WAYS['kyverno-mutating']],
      ] as const) {
        await putInForce(cluster, manifest, NAMESPACE);
        figures.push(...(await measured(cluster, way, unasked, signal)));
        await takeOff(cluster, manifest, NAMESPACE);
      }
      await putRefusing(cluster, NAMESPACE);
      figures.push(...(await measured(cluster, 'ValidatingAdmissionPolicy', askingPod(NAME), signal)));
      return figures;
    } finally {
      await cluster.end();
    }
  },
};

async function measured(
  { kube }: SimulatedCluster,
  way: string,
  withGpu: V1Pod,
  signal: AbortSignal,
): Promise<Figure[]> {
  const at = { namespace: NAMESPACE, dryRun: 'All' };
  const without = pod(NAME, 0);
  const creations: Record<string, () => Promise<unknown>> = {
    'a pod with a GPU': () => kube.core.createNamespacedPod({ ...at, body: withGpu }),
    'a pod without': () => kube.core.createNamespacedPod({ ...at, body: without }),
    'a Job with a GPU': () => kube.batch.createNamespacedJob({ ...at, body: job(NAME, withGpu) }),
  };
  const took = new Map(Object.keys(creations).map((what) => [what, [] as number[]]));
  // In turns: what disturbs the machine for a while disturbs all of them alike.
  for (let index = 0; index < CREATIONS; index++) {
    signal.throwIfAborted();
    for (const [what, create] of Object.entries(creations)) took.get(what)?.push(await timed(create));
  }
  return [...took].flatMap(([what, values]) =>
    [0.5, 0.99].map((p) => ({
      name: `${way}: ${what}, p${p * 100}`,
      value: quantile(values, p) ?? Number.NaN,
      unit: 'ms',
    })),
  );
}
