import { z } from 'zod';
import { KubeletVariant } from '../../harness/plan/schema.ts';

/**
 * Of the start latency, the part that making the sandbox takes: PreStartContainer comes after it and before the
 * container is created. On the lab's containerd the sandbox, with its network, was the larger part.
 */
export const SANDBOX_SHARE = 0.6;

/** The kubelet's own limit on PreStartContainer. */
export const PRE_START_MS = 30_000;

/** What an embedded cluster's process is started with, as a JSON file. */
export const ClusterSettings = z.strictObject({
  name: z.string(),
  /** Marks its containers (`ORDEAL_RUN`), so that a sweep finds what a killed cluster left. */
  runId: z.string(),
  /** Everything of the cluster is below it; short, for unix sockets lie there. */
  folder: z.string(),
  workers: z.int().min(1).max(500).default(3),
  /** Each node's size. The incident's: eight A100 with two big sockets and 2 TiB. */
  cpu: z.string().default('192'),
  memory: z.string().default('2048Gi'),
  /** Milliseconds from Allocate's answer to a container's first instruction, uncontended. */
  startLatencyMs: z.number().nonnegative().default(1_000),
  /** Relative spread of the start latency, drawn uniformly to both sides. */
  startJitter: z.number().min(0).max(1).default(0.1),
  /** First pause of a crash loop, of a failed start and of a Job's failed pod; 10 s in Kubernetes. */
  backoffMs: z.number().positive().default(10_000),
  seed: z.int().nonnegative().default(1),
  /** Ways in which its kubelets differ from upstream's. */
  kubelet: z.array(KubeletVariant).default([]),
});
export type ClusterSettings = z.infer<typeof ClusterSettings>;

/** The Kubernetes whose behaviour is modelled, in the details that differ between versions. */
export const MODELLED_KUBERNETES = '1.34.4';

export const CONTROL_PLANE = 'control-plane';

export function workerName(index: number): string {
  return `worker-${index + 1}`;
}

/** One node's folders. */
export function nodeFolders(folder: string, node: string) {
  const root = `${folder}/n/${node}`;
  return {
    root,
    devicePlugins: `${root}/dp`,
    podResources: `${root}/pr`,
    /** Its `/var/lib/ordeal`. */
    state: `${root}/state`,
    pods: `${root}/pods`,
  };
}

/** Files of a whole cluster. */
export function clusterFiles(folder: string) {
  return {
    settings: `${folder}/cluster.json`,
    kubeconfig: `${folder}/kubeconfig`,
    /** Orders for a running cluster, see control.ts. */
    control: `${folder}/control.sock`,
    log: `${folder}/cluster.log`,
    gpuNodes: `${folder}/gpu-nodes.json`,
    gpuNodesLog: `${folder}/gpu-nodes.log`,
  };
}
