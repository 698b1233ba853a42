import { rm } from 'node:fs/promises';
import { run } from '../../harness/exec/exec.ts';
import { emptyWorkerFolders, removeNetwork } from '../container-nodes/docker.ts';
import { NODE_STATE } from '../container-nodes/folders.ts';
import { release } from './claims.ts';
import { nodeContainers } from './docker.ts';

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
