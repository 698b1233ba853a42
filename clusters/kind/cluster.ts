import { readdir, rm } from 'node:fs/promises';
import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import { run } from '../../harness/exec/exec.ts';
import { connect, type Kube } from '../../harness/kube/client.ts';
import { emptyWorkerFolders, removeNetwork } from '../container-nodes/docker.ts';
import { NODE_STATE, socketsReachable, type WorkerFolders } from '../container-nodes/folders.ts';
import { startGpuNodes, stopGpuNodes } from '../container-nodes/gpu-nodes.ts';
import { containerNode } from '../container-nodes/node.ts';
import { containerPower } from '../container-nodes/power.ts';
import { nodeVersions, untilUsable, type WaitContext } from '../container-nodes/usable.ts';
import { foundOn } from '../found.ts';
import type { ImageSet } from '../images/images.ts';
import { readyToolbox } from '../images/toolbox-image.ts';
import { nodeContainer, nodesLab } from '../network/nodes/lab.ts';
import type { Capability, Cluster } from '../port.ts';
import { release } from './claims.ts';
import { MOUNTED_IMAGES } from './config.ts';
import { nodeContainers } from './docker.ts';
import { kindVersion } from './readiness.ts';

export interface CreatedCluster {
  /** kind's name of it. */
  name: string;
  /** The cluster's folder on this machine. */
  folder: string;
  kubeconfig: string;
  images: ImageSet;
  workers: WorkerFolders[];
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
  const reachable = await socketsReachable(created.workers);
  const capabilities = new Set<Capability>(['restart-kubelet', 'power-cycle', 'toolbox', 'daemonset-agents']);
  if (reachable) capabilities.add('plugin-sockets');
  const nodes = [
    kindNode(names.controlPlane, undefined, false),
    ...names.workers.map((name, index) => kindNode(name, created.workers[index], reachable)),
  ];
  return {
    name: created.name,
    provider: 'kind',
    kubeconfig: created.kubeconfig,
    evidence: 'real-kubernetes',
    versions: { ...(await nodeVersions(kube)), kind: (await kindVersion()) ?? 'unknown' },
    nodeNames: nodes.map(({ name }) => name),
    found: () => foundOn(kube),
    kube,
    nodes,
    capabilities,
    workloadImage: created.images.workloadImage,
    startGpuNodes: (watch) => startGpuNodes(kube, nodes, created.images.workloadImage, context, watch),
    stopGpuNodes: () => stopGpuNodes(kube, context),
    async edgeNetwork({ progress, runId, signal, undo }, edges) {
      const image = await readyToolbox({ progress, signal });
      const lab = await nodesLab({
        ...{ image, runId, signal, undo },
        cloud: nodeContainer(names.controlPlane),
        edges: edges.map(nodeContainer),
      });
      return await lab.network();
    },
    exportLogs: (dir) => exportLogs(created.name, dir),
    async down() {
      kube.close();
      await deleteCluster(created.name, created.folder);
    },
  };
}

function kindNode(name: string, folders: WorkerFolders | undefined, reachable: boolean) {
  const restartKubelet = ['systemctl', 'restart', 'kubelet'];
  return containerNode({
    ...{ name, folders, socketsReachable: reachable, restartKubelet },
    ...(folders && { power: containerPower(name) }),
  });
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
    await emptyWorkerFolders(containers, [NODE_STATE, '/var/lib/kubelet']);
    await run(['kind', 'delete', 'cluster', '--name', cluster, '--kubeconfig', '/dev/null'], {
      timeoutMs: 120_000,
    });
  }
  const network = await removeNetwork(cluster);
  if (folder) await rm(folder, { recursive: true, force: true });
  await release(cluster);
  return containers.length > 0 || network;
}
