import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../harness/clock/clock.ts';
import { run } from '../../harness/exec/exec.ts';
import { connect } from '../../harness/kube/client.ts';
import { refuseEndedNode } from '../container-nodes/ended.ts';
import { socketsReachable, type WorkerFolders } from '../container-nodes/folders.ts';
import { gpuNodePods, SYSTEM_NAMESPACE } from '../container-nodes/gpu-daemonset.ts';
import { gpuNodesEnd, startGpuNodes, stopGpuNodes } from '../container-nodes/gpu-nodes.ts';
import { K3S_LABEL } from '../container-nodes/labels.ts';
import { containerNode } from '../container-nodes/node.ts';
import { nodeVersions, untilUsable, type WaitContext } from '../container-nodes/usable.ts';
import { foundOn } from '../found.ts';
import { type K3sImageSet, k3sName } from '../images/k3s-images.ts';
import type { NodesNetwork } from '../network/nodes/lab.ts';
import type { EdgeNetwork } from '../network/port.ts';
import type { Capability, Cluster } from '../port.ts';
import { deleteCluster, nodeContainers } from './containers.ts';

/** The double's kubelet is a process of its own, started again when it ends; K3s has its kubelet in itself. */
const RESTART_KUBELET = { double: ['pkill', '--exact', 'kubelet'], rancher: undefined };
/** By which a node is in the pod network. */
const FLANNEL = 'flannel.1';
const LOOK_INTERVAL_MS = 2_000;

export interface StartedCluster {
  name: string;
  /** The cluster's folder on this machine. */
  folder: string;
  kubeconfig: string;
  images: K3sImageSet;
  workers: WorkerFolders[];
  /** A tunnel from each agent to the server that the pod network goes over. */
  links?: NodesNetwork | undefined;
}

export interface NodeNames {
  server: string;
  agents: string[];
}

/** The names of a cluster's nodes, which are their containers'. */
export function nodeNames(cluster: string, workers: number): NodeNames {
  const agents = Array.from({ length: workers }, (_, index) => `${cluster}-agent${index + 1}`);
  return { server: `${cluster}-server`, agents };
}

/**
 * A cluster whose containers run, once it can run pods.
 * @throws OrdealError WAIT_DEADLINE, K3S_NODE_ENDED (exit 4).
 */
export async function joinCluster(started: StartedCluster, context: WaitContext = {}): Promise<Cluster> {
  const kube = await connect(started.kubeconfig);
  try {
    const { folder, images, kubeconfig, links, name, workers } = started;
    const names = nodeNames(name, workers.length);
    await untilUsable(
      kube,
      1 + workers.length,
      context,
      seldom(context, () => refuseEnded(name)),
    );
    const reachable = await socketsReachable(workers);
    const restartKubelet = RESTART_KUBELET[images.source];
    const capabilities = new Set<Capability>(['toolbox', 'daemonset-agents']);
    if (restartKubelet) capabilities.add('restart-kubelet');
    if (reachable) capabilities.add('plugin-sockets');
    const node = (name: string, folders: WorkerFolders | undefined) =>
      containerNode({ name, folders, socketsReachable: reachable, restartKubelet });
    const nodes = [
      node(names.server, undefined),
      ...names.agents.map((name, index) => node(name, workers[index])),
    ];
    // One for all runs on the cluster: each has shells of its own that stand in the nodes.
    let network: EdgeNetwork | undefined;
    return {
      name,
      provider: k3sName(images),
      kubeconfig,
      evidence: 'real-kubernetes',
      versions: { ...(await nodeVersions(kube)), [k3sName(images)]: images.nodeImage },
      nodeNames: nodes.map(({ name }) => name),
      found: () => foundOn(kube),
      kube,
      nodes,
      capabilities,
      workloadImage: images.workloadImage,
      startGpuNodes: (watch) => startGpuNodes(kube, nodes, images.workloadImage, context, watch),
      stopGpuNodes: () => stopGpuNodes(kube, context),
      gpuNodesEnd: () => gpuNodesEnd(kube),
      gpuNodePods: gpuNodePods(SYSTEM_NAMESPACE),
      ...(links && {
        async edgeNetwork(_context, edges) {
          network ??= await links.network(FLANNEL);
          return between(network, edges);
        },
      }),
      exportLogs: (dir) => exportLogs(name, dir),
      async down() {
        kube.close();
        await deleteCluster(name, folder);
      },
    };
  } catch (error) {
    kube.close();
    throw error;
  }
}

/** The links of these agents, whose pods reach the server by its address in flannel's network. */
function between(network: EdgeNetwork, edges: readonly string[]): EdgeNetwork {
  return { ...network, links: network.links.filter(({ node }) => edges.includes(node)) };
}

/** A look that is skipped when it comes soon after the last one: Docker's command takes processors that nodes boot on. */
function seldom({ clock = systemClock }: WaitContext, look: () => Promise<void>): () => Promise<void> {
  let last = clock.mono();
  return async () => {
    if (clock.mono() - last < LOOK_INTERVAL_MS) return;
    await look();
    last = clock.mono();
  };
}

/** @throws OrdealError K3S_NODE_ENDED (exit 4) with the last that a node said before it ended. */
export async function refuseEnded(cluster: string): Promise<void> {
  await refuseEndedNode('K3S_NODE_ENDED', K3S_LABEL, cluster);
}

/**
 * Writes what each node said, and what its /var/log holds, into `dir`.
 * @throws OrdealError COMMAND_FAILED of the first node that gave nothing, after the others.
 */
export async function exportLogs(cluster: string, dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  const failures: unknown[] = [];
  for (const name of await nodeContainers(cluster)) {
    try {
      const { stderr, stdout } = await run(['docker', 'logs', name]);
      await writeFile(join(dir, `${name}.log`), `${stdout}\n${stderr}\n`);
      await run(['docker', 'cp', `${name}:/var/log/.`, join(dir, name)]);
    } catch (error) {
      // A node that only just starts, or goes, takes the others' logs from nobody.
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
