import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import { tryRun } from '../../harness/exec/exec.ts';
import { connect } from '../../harness/kube/client.ts';
import { foundOn } from '../found.ts';
import { order } from '../orders.ts';
import type { Capability, Cluster, ClusterNode } from '../port.ts';
import { GpuNodes } from './gpu-nodes.ts';
import { exportLogs } from './logs.ts';
import {
  type ClusterSettings,
  CONTROL_PLANE,
  clusterFiles,
  MODELLED_KUBERNETES,
  nodeFolders,
} from './settings.ts';

/** Recorded by the kubelet, and pulled by nobody. */
const WORKLOAD_IMAGE = 'ordeal.dev/workload:embedded';
const RESTART_MS = 30_000;
const CAPABILITIES: Capability[] = ['plugin-sockets', 'restart-kubelet', 'power-cycle', 'toolbox'];

/** The handle of an embedded cluster that runs. `end` ends its process and removes its folder. */
export async function clusterHandle(
  settings: ClusterSettings,
  nodeNames: string[],
  end: () => Promise<void>,
  signal: AbortSignal,
): Promise<Cluster> {
  const files = clusterFiles(settings.folder);
  const kube = await connect(files.kubeconfig);
  const nodes = nodeNames.map((name) => nodeHandle(settings.folder, name));
  const gpuNodes = new GpuNodes(settings.folder, nodes);
  return {
    name: settings.name,
    provider: 'embedded',
    kubeconfig: files.kubeconfig,
    evidence: 'modelled',
    versions: {
      kubernetes: `${MODELLED_KUBERNETES} (embedded)`,
      ...(settings.kubelet.length > 0 && { kubelet: settings.kubelet.join(', ') }),
      containerRuntime: 'processes of this machine',
      node: process.version,
    },
    nodeNames,
    found: () => foundOn(kube),
    kube,
    nodes,
    capabilities: new Set(CAPABILITIES),
    workloadImage: WORKLOAD_IMAGE,
    startGpuNodes: (watch) => gpuNodes.start(signal, watch),
    stopGpuNodes: () => gpuNodes.stop(),
    exportLogs: (dir) => exportLogs({ folder: settings.folder, kube, nodes }, dir),
    async down() {
      await gpuNodes.stop();
      kube.close();
      await end();
    },
  };
}

function nodeHandle(folder: string, name: string): ClusterNode {
  const { devicePlugins, podResources, root, state } = nodeFolders(folder, name);
  const worker = name !== CONTROL_PLANE;
  const ask = async (verb: string, code: string, tried: string) => {
    try {
      await order(clusterFiles(folder).control, `${verb}/${name}`, RESTART_MS);
    } catch (error) {
      const { log } = clusterFiles(folder);
      throw new OrdealError({
        ...{ code, exit: EXIT.unable, tried, seen: String(error), cause: error },
        todo: `look at ${log}`,
      });
    }
  };
  return {
    name,
    role: worker ? 'worker' : 'control-plane',
    stateDir: worker ? state : undefined,
    kubeletDirs: { devicePlugins, podResources },
    // Nodes share this machine; a command finds its own node's files by these.
    exec: (argv, options = {}) =>
      tryRun(argv, { ...options, cwd: root, env: { ORDEAL_NODE: name, ORDEAL_NODE_STATE: state } }),
    restartKubelet: () =>
      ask('restart-kubelet', 'KUBELET_NOT_RESTARTED', `restarting the kubelet of ${name}`),
    power: {
      off: () => ask('power-off', 'NODE_NOT_SWITCHED', `switching ${name} off`),
      on: () => ask('power-on', 'NODE_NOT_SWITCHED', `switching ${name} on`),
    },
  };
}
