import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubernetesObject } from '@kubernetes/client-node';
import type { SimulatedCluster } from '../../../../clusters/existing/testing/simulated/cluster.ts';
import { withBuildContext } from '../../../../clusters/images/context.ts';
import { buildKyverno, type Kyverno } from '../../../../clusters/images/go-binary.ts';
import { waitFor } from '../../../../harness/clock/wait-for.ts';
import { freePort } from '../../../../harness/exec/free-port.ts';
import { burstOrThrow } from '../../../../harness/kube/burst.ts';
import type { Kube } from '../../../../harness/kube/client.ts';
import { objectsOf } from './objects.ts';

const LOOPBACK = '127.0.0.1';
const NAMESPACE = 'kyverno';
/** What its pod would have; nothing of these names but the namespace is there. */
const ENVIRONMENT = {
  KYVERNO_NAMESPACE: NAMESPACE,
  KYVERNO_SERVICEACCOUNT_NAME: 'kyverno',
  KYVERNO_DEPLOYMENT: 'kyverno',
  KYVERNO_POD_NAME: 'kyverno',
  INIT_CONFIG: 'kyverno',
  METRICS_CONFIG: 'kyverno-metrics',
};
const READY_MS = 120_000;
/** By it Kyverno is asked whether a policy makes sense, and is there before anything else of Kyverno's is. */
const WEBHOOKS = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: 'kyverno-policy-validating-webhook-cfg' },
};

/** Kyverno's admission controller as a process beside an API server, which reaches it on loopback. */
export class KyvernoBeside {
  readonly #cluster: SimulatedCluster;
  readonly #kyverno: Kyverno;
  readonly #port: number;
  #kill: (() => Promise<void>) | undefined;

  private constructor(cluster: SimulatedCluster, kyverno: Kyverno, port: number) {
    this.#cluster = cluster;
    this.#kyverno = kyverno;
    this.#port = port;
  }

  /** Its binary is built where it is not in the cache, which takes many minutes. */
  static async startedAt(cluster: SimulatedCluster): Promise<KyvernoBeside> {
    const progress = (line: string) => process.stderr.write(`${line}\n`);
    const kyverno = await withBuildContext({ progress }, buildKyverno);
    const beside = new KyvernoBeside(cluster, kyverno, await freePort());
    await cluster.kube.core.createNamespace({ body: { metadata: { name: NAMESPACE } } });
    const files = await readdir(kyverno.definitions);
    const definitions = files.map((file) => objectsOf(join(kyverno.definitions, file)));
    await burstOrThrow(definitions.flat(), (definition) => cluster.kube.objects.create(definition));
    await waitFor(() => allEstablished(cluster.kube), {
      what: `${files.length} custom resource definitions established`,
      deadlineMs: READY_MS,
    });
    await beside.start();
    return beside;
  }

  async start(): Promise<void> {
    const { kube, ownKubeconfig, processes } = this.#cluster;
    const args = [
      `--kubeconfig=${ownKubeconfig}`,
      // What the API server calls, instead of a service of the cluster.
      `--serverIP=${LOOPBACK}:${this.#port}`,
      `--webhookServerHost=${LOOPBACK}`,
      `--webhookServerPort=${this.#port}`,
      '--caSecretName=kyverno-ca',
      '--tlsSecretName=kyverno-tls',
      // They would be listened on everywhere.
      '--disableMetrics=true',
      '--controllerRuntimeMetricsAddress=0',
      '--disableLogColor=true',
    ];
    this.#kill = processes.start('kyverno', this.#kyverno.binary, args, ENVIRONMENT);
    await waitFor(() => kube.objects.read(WEBHOOKS).catch(() => undefined), {
      what: 'Kyverno',
      deadlineMs: READY_MS,
      intervalMs: 250,
      seen: () => processes.said('kyverno'),
    });
  }

  /** Without a word: as its node dies. */
  async kill(): Promise<void> {
    await this.#kill?.();
  }
}

interface Definition extends KubernetesObject {
  status?: { conditions?: { type: string; status: string }[] };
}

async function allEstablished({ objects }: Kube): Promise<boolean> {
  const { items } = await objects.list<Definition>('apiextensions.k8s.io/v1', 'CustomResourceDefinition');
  return items.every(({ status }) =>
    status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True'),
  );
}
