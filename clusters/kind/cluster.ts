import { OrdealError } from '../../harness/errors/error.ts';
import { run } from '../../harness/exec/exec.ts';
import { connect, type Kube } from '../../harness/kube/client.ts';
import { withoutV } from '../../harness/kube/version.ts';
import { socketsReachable, type WorkerFolders } from '../container-nodes/folders.ts';
import { gpuNodePods, SYSTEM_NAMESPACE } from '../container-nodes/gpu-daemonset.ts';
import { gpuNodesEnd, startGpuNodes, stopGpuNodes } from '../container-nodes/gpu-nodes.ts';
import { containerNode } from '../container-nodes/node.ts';
import { containerPower } from '../container-nodes/power.ts';
import { nodeVersions, untilUsable, type WaitContext } from '../container-nodes/usable.ts';
import { foundOn } from '../found.ts';
import type { ImageSet } from '../images/images.ts';
import { readyToolbox } from '../images/toolbox-image.ts';
import { nodeContainer, nodesLab } from '../network/nodes/lab.ts';
import type { Capability, Cluster } from '../port.ts';
import { MOUNTED_IMAGES, minor } from './config.ts';
import { gatewayOf, nodeNames } from './docker.ts';
import { exportLogs } from './logs.ts';
import { layPodNetwork, podSubnets } from './pod-network.ts';
import { kindVersion } from './readiness.ts';
import { deleteCluster } from './remove.ts';
import { kindUpgrade } from './upgrade.ts';

export interface CreatedCluster {
  /** kind's name of it. */
  name: string;
  /** The cluster's folder on this machine. */
  folder: string;
  kubeconfig: string;
  images: ImageSet;
  workers: WorkerFolders[];
  /** Of the version that the plan brings it to. */
  next?: ImageSet | undefined;
}

/** The minor of Kubernetes 1 that serves resource.k8s.io/v1. */
const RESOURCE_CLAIMS_SINCE = 34;

/**
 * A cluster that kind has created, once it can run pods: every node Ready, the workload image on the workers, the
 * default service account there. kind's own --wait looks at the control plane's node alone.
 * @throws OrdealError WAIT_DEADLINE, KIND_NO_POD_SUBNET (exit 4).
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
  await untilUsable(kube, 1 + names.workers.length, context).catch(async (error: unknown) => {
    const late = error instanceof OrdealError && error.code === 'WAIT_DEADLINE';
    // A node whose pods have no subnet never becomes Ready: that says more than the wait for it.
    if (late && created.images.source === 'local') podSubnets((await kube.core.listNode()).items);
    throw error;
  });
  const [reachable, versions, kind] = await Promise.all([
    socketsReachable(created.workers),
    nodeVersions(kube),
    kindVersion(),
    completeNodes(created, kube),
  ]);
  const capabilities = new Set<Capability>(['restart-kubelet', 'power-cycle', 'toolbox', 'daemonset-agents']);
  if (reachable) capabilities.add('plugin-sockets');
  if (reachable && minor(created.images.kubernetes) >= RESOURCE_CLAIMS_SINCE)
    capabilities.add('resource-claims');
  const nodes = [
    kindNode(names.controlPlane, undefined, false),
    ...names.workers.map((name, index) => kindNode(name, created.workers[index], reachable)),
  ];
  return {
    name: created.name,
    provider: 'kind',
    kubeconfig: created.kubeconfig,
    evidence: 'real-kubernetes',
    versions: { ...versions, kind: kind ?? 'unknown' },
    nodeNames: nodes.map(({ name }) => name),
    found: () => foundOn(kube),
    kube,
    nodes,
    capabilities,
    workloadImage: created.images.workloadImage,
    ...(created.next && { upgrade: kindUpgrade(created, created.next) }),
    startGpuNodes: (watch) => startGpuNodes(kube, nodes, created.images.workloadImage, context, watch),
    stopGpuNodes: () => stopGpuNodes(kube, context),
    gpuNodesEnd: () => gpuNodesEnd(kube),
    gpuNodePods: gpuNodePods(SYSTEM_NAMESPACE),
    machineAddress: () => gatewayOf(created.name),
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

/** Of a cluster that stands. */
export async function kubernetesOf(kubeconfig: string): Promise<string> {
  const kube = await connect(kubeconfig);
  const { kubernetes = '' } = await nodeVersions(kube).finally(() => kube.close());
  return withoutV(kubernetes);
}

function kindNode(name: string, folders: WorkerFolders | undefined, reachable: boolean) {
  const restartKubelet = ['systemctl', 'restart', 'kubelet'];
  return containerNode({
    ...{ name, folders, socketsReachable: reachable, restartKubelet },
    ...(folders && { power: containerPower(name) }),
  });
}

/** Gives the nodes what their image has not. */
async function completeNodes({ images, name, workers }: CreatedCluster, kube: Kube): Promise<void> {
  if (images.source === 'registry') await importWorkload(nodeNames(name, workers.length).workers);
  else await layPodNetwork((await kube.core.listNode()).items);
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
