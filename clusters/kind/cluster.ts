import { constants } from 'node:fs';
import { access, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import { run, tryRun } from '../../harness/exec/exec.ts';
import { connect, type Kube } from '../../harness/kube/client.ts';
import type { ImageSet } from '../images/images.ts';
import type { Capability, Cluster } from '../port.ts';
import { MOUNTED_IMAGES, NODE_STATE } from './config.ts';
import { nodeContainers, removeNetwork } from './docker.ts';
import type { WorkerFolders } from './folders.ts';
import { startGpuNodes, stopGpuNodes } from './gpu-nodes.ts';
import { kindNode } from './node.ts';
import { kindVersion } from './readiness.ts';

const READY_DEADLINE_MS = 180_000;

export interface CreatedCluster {
  /** kind's name of it. */
  name: string;
  /** The cluster's folder on this machine. */
  folder: string;
  kubeconfig: string;
  images: ImageSet;
  workers: WorkerFolders[];
}

export interface WaitContext {
  clock?: Clock;
  signal?: AbortSignal;
  progress?: (line: string) => void;
}

/** The names that kind gives the nodes of a cluster with one control plane. */
export function nodeNames(cluster: string, workers: number): { controlPlane: string; workers: string[] } {
  return {
    controlPlane: `${cluster}-control-plane`,
    workers: Array.from(
      { length: workers },
      (_, index) => `${cluster}-worker${index === 0 ? '' : index + 1}`,
    ),
  };
}

/**
 * A cluster that kind has created, once it can run pods: every node Ready, the workload image on the workers, the
 * default service account there. kind's own --wait looks at the control plane's node alone.
 * @throws OrdealError WAIT_DEADLINE (exit 4).
 */
export async function joinCluster(created: CreatedCluster, context: WaitContext = {}): Promise<Cluster> {
  const kube = await connect(created.kubeconfig);
  try {
    return await describeCluster(created, kube, context);
  } catch (error) {
    kube.close();
    throw error;
  }
}

async function describeCluster(created: CreatedCluster, kube: Kube, context: WaitContext): Promise<Cluster> {
  const names = nodeNames(created.name, created.workers.length);
  await untilUsable(kube, 1 + names.workers.length, context);
  if (created.images.source === 'registry') await importWorkload(names.workers);
  const socketsReachable = await writable(created.workers);
  const capabilities = new Set<Capability>(['restart-kubelet', 'toolbox', 'daemonset-agents']);
  if (socketsReachable) capabilities.add('plugin-sockets');
  const nodes = [
    kindNode(names.controlPlane, undefined, false),
    ...names.workers.map((name, index) => kindNode(name, created.workers[index], socketsReachable)),
  ];
  return {
    name: created.name,
    provider: 'kind',
    kubeconfig: created.kubeconfig,
    evidence: 'real-kubernetes',
    versions: await versions(kube),
    nodeNames: nodes.map(({ name }) => name),
    kube,
    nodes,
    capabilities,
    workloadImage: created.images.workloadImage,
    startGpuNodes: () => startGpuNodes(kube, nodes, created.images.workloadImage, context),
    stopGpuNodes: () => stopGpuNodes(kube, context),
    exportLogs: (dir) => exportLogs(created.name, dir),
    async down() {
      kube.close();
      await deleteCluster(created.name, created.folder);
    },
  };
}

async function untilUsable(kube: Kube, expected: number, context: WaitContext): Promise<void> {
  let seen = 'the API server gave no nodes';
  await waitFor(
    async () => {
      const { items } = await kube.core.listNode();
      const ready = items.filter(({ status }) =>
        status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
      );
      seen = `${ready.length} of ${expected} nodes Ready`;
      context.progress?.(seen);
      return ready.length === expected;
    },
    { what: `${expected} nodes Ready`, deadlineMs: READY_DEADLINE_MS, seen: () => seen, ...timing(context) },
  );
  await waitFor(
    async () => {
      const { items } = await kube.core.listNamespacedServiceAccount({ namespace: 'default' });
      return items.some(({ metadata }) => metadata?.name === 'default');
    },
    { what: 'the default service account', deadlineMs: READY_DEADLINE_MS, ...timing(context) },
  );
}

function timing({ clock = systemClock, signal }: WaitContext) {
  return { clock, intervalMs: 100, ...(signal && { signal }) };
}

/** A stock node has no unit that imports the mounted archive; the node image made here did it while it booted. */
async function importWorkload(workers: string[]): Promise<void> {
  const archive = `${MOUNTED_IMAGES}/workload.tar`;
  await Promise.all(
    workers.map((node) =>
      run(['docker', 'exec', node, 'ctr', '--namespace', 'k8s.io', 'images', 'import', archive]),
    ),
  );
}

/** The kubelet's sockets are root's: whoever else runs the harness sees them and may not use them. */
async function writable(workers: WorkerFolders[]): Promise<boolean> {
  for (const { podResources } of workers) {
    const socket = join(podResources, 'kubelet.sock');
    const allowed = await access(socket, constants.W_OK).then(
      () => true,
      () => false,
    );
    if (!allowed) return false;
  }
  return true;
}

async function versions(kube: Kube): Promise<Record<string, string>> {
  const [node] = (await kube.core.listNode()).items;
  const info = node?.status?.nodeInfo;
  return {
    kubernetes: info?.kubeletVersion ?? 'unknown',
    containerRuntime: info?.containerRuntimeVersion ?? 'unknown',
    kernel: info?.kernelVersion ?? 'unknown',
    kind: (await kindVersion()) ?? 'unknown',
  };
}

/**
 * Writes the nodes' logs into `dir`. kind says 1 where one of its many sources is missing (the node image made here has
 * no crictl) and has then written all the others.
 * @throws OrdealError COMMAND_FAILED where it wrote nothing.
 */
export async function exportLogs(cluster: string, dir: string): Promise<void> {
  const argv = ['kind', 'export', 'logs', dir, '--name', cluster];
  const { stderr } = await run(argv, { timeoutMs: 120_000, okCodes: [0, 1] });
  const written = await readdir(dir).catch(() => []);
  if (written.length > 0) return;
  throw new OrdealError({
    code: 'COMMAND_FAILED',
    exit: EXIT.unable,
    tried: `exporting the logs of the kind cluster ${cluster}`,
    seen: stderr || 'no log was written',
    todo: `run \`${argv.join(' ')}\` by hand while the cluster is up`,
  });
}

/**
 * Removes a cluster's containers, its network and its folder, as far as they are there.
 * @returns whether there was anything.
 */
export async function deleteCluster(cluster: string, folder: string | undefined): Promise<boolean> {
  const containers = await nodeContainers(cluster);
  if (containers.length > 0) {
    if (process.getuid?.() !== 0) await emptyStateFolders(containers);
    await run(['kind', 'delete', 'cluster', '--name', cluster, '--kubeconfig', '/dev/null'], {
      timeoutMs: 120_000,
    });
  }
  const network = await removeNetwork(cluster);
  if (folder) await rm(folder, { recursive: true, force: true });
  return containers.length > 0 || network;
}

/** What a node wrote there is root's, and stays where an ordinary user's harness removes the folder. */
async function emptyStateFolders(containers: string[]): Promise<void> {
  const command = ['find', NODE_STATE, '/var/lib/kubelet', '-mindepth', '1', '-xdev', '-delete'];
  await Promise.all(containers.map((name) => tryRun(['docker', 'exec', name, ...command])));
}
