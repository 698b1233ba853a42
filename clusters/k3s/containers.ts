/** A K3s cluster's containers and network by their label: what takes them away again, whoever made them. */
import { rm } from 'node:fs/promises';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { run, tryRun } from '../../harness/exec/exec.ts';
import { containersWith, emptyWorkerFolders, labelValues, networksWith } from '../container-nodes/docker.ts';
import { NODE_STATE } from '../container-nodes/folders.ts';
import { K3S_LABEL } from '../container-nodes/labels.ts';

/** Where on this machine a cluster's folder is. */
const FOLDER_LABEL = `${K3S_LABEL}.folder`;

export function labelsOf(cluster: string, folder: string): Record<string, string> {
  return { [K3S_LABEL]: cluster, [FOLDER_LABEL]: folder };
}

export function nodeContainers(cluster: string): Promise<string[]> {
  return containersWith(K3S_LABEL, cluster);
}

/** The clusters of which there is anything left, whatever state it is in. */
export async function ownClusters(): Promise<string[]> {
  const names = [
    ...(await labelValues('container', K3S_LABEL)),
    ...(await labelValues('network', K3S_LABEL)),
  ];
  return [...new Set(names)].sort();
}

/** A cluster's folder on this machine, as its parts' labels tell it. */
export async function clusterFolder(cluster: string): Promise<string | undefined> {
  for (const what of ['network', 'container'] as const) {
    const [folder] = await labelValues(what, FOLDER_LABEL, `${K3S_LABEL}=${cluster}`);
    if (folder) return folder;
  }
  return undefined;
}

const RUNNING_MS = 60_000;

/** Waits until each of these containers runs. @throws OrdealError WAIT_DEADLINE (exit 4). */
export async function untilRunning(names: readonly string[], signal: AbortSignal): Promise<void> {
  let seen = '';
  await waitFor(
    async () => {
      const looked = await tryRun(['docker', 'inspect', '--format', '{{.State.Running}}', ...names]);
      seen = looked.stdout;
      return looked.exitCode === 0 && !seen.includes('false');
    },
    { what: `${names.length} containers to run`, deadlineMs: RUNNING_MS, signal, seen: () => seen },
  );
}

/** @throws OrdealError COMMAND_FAILED (exit 4). */
export async function makeNetwork(name: string, labels: Record<string, string>): Promise<void> {
  const options = Object.entries(labels).flatMap(([label, value]) => ['--label', `${label}=${value}`]);
  await run(['docker', 'network', 'create', ...options, name]);
}

/** Removes a cluster's containers with their volumes. @returns whether there were any. */
export async function deleteContainers(cluster: string): Promise<boolean> {
  const containers = await nodeContainers(cluster);
  if (containers.length === 0) return false;
  await emptyWorkerFolders(containers, [NODE_STATE, '/var/lib/kubelet']);
  await run(['docker', 'rm', '--force', '--volumes', ...containers], { timeoutMs: 120_000 });
  return true;
}

/**
 * Removes a cluster's containers, its network and its folder, as far as they are there.
 * @returns whether there was anything.
 */
export async function deleteCluster(cluster: string, folder: string | undefined): Promise<boolean> {
  const containers = await deleteContainers(cluster);
  const networks = await networksWith(K3S_LABEL, cluster);
  for (const network of networks) await run(['docker', 'network', 'rm', network]);
  if (folder) await rm(folder, { recursive: true, force: true });
  return containers || networks.length > 0;
}
