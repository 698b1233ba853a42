import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { thisProcess } from '../../harness/exec/born-at.ts';
import { gpuNodeFiles } from '../gpu-node/layout.ts';
import { writeOwner } from '../owner.ts';

/** What the harness and the fake GPU node keep on a node, and the kubelet's own folders there. */
export const NODE_STATE = '/var/lib/ordeal';
export const DEVICE_PLUGINS = '/var/lib/kubelet/device-plugins';
export const POD_RESOURCES = '/var/lib/kubelet/pod-resources';
const PLUGINS_REGISTRY = '/var/lib/kubelet/plugins_registry';

/** One worker's folders on this machine, mounted into its node. Short names: sockets lie in them. */
export interface WorkerFolders {
  /** /var/lib/ordeal of the node. */
  state: string;
  /** /var/lib/kubelet/device-plugins of the node. */
  devicePlugins: string;
  /** /var/lib/kubelet/pod-resources of the node. */
  podResources: string;
  /** /var/lib/kubelet/plugins_registry of the node. */
  pluginsRegistry: string;
}

export function workerFolders(folder: string, worker: number): WorkerFolders {
  const own = join(folder, `w${worker}`);
  return {
    ...{ state: join(own, 's'), devicePlugins: join(own, 'd') },
    ...{ podResources: join(own, 'p'), pluginsRegistry: join(own, 'r') },
  };
}

/** A worker's folders as a container gets them: what lies here, and where it is seen there. */
export function workerMounts(folders: WorkerFolders): { source: string; target: string }[] {
  return [
    { source: folders.state, target: NODE_STATE },
    { source: folders.devicePlugins, target: DEVICE_PLUGINS },
    { source: folders.podResources, target: POD_RESOURCES },
    { source: folders.pluginsRegistry, target: PLUGINS_REGISTRY },
  ];
}

/** Makes a cluster's folder, says in it whose it is, and makes the workers' before Docker does, which would make them root's. */
export async function prepareFolders(folder: string, workers: number): Promise<WorkerFolders[]> {
  await mkdir(folder, { recursive: true });
  await writeOwner(folder, thisProcess());
  const all = Array.from({ length: workers }, (_, index) => workerFolders(folder, index));
  for (const folders of all) {
    await mkdir(gpuNodeFiles(folders.state).root, { recursive: true });
    await mkdir(folders.devicePlugins, { recursive: true });
    await mkdir(folders.podResources, { recursive: true });
    await mkdir(folders.pluginsRegistry, { recursive: true });
  }
  return all;
}

/** The kubelet's sockets are root's: whoever else runs the harness sees them and may not use them. */
export async function socketsReachable(workers: readonly WorkerFolders[]): Promise<boolean> {
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
