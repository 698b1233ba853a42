import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gpuNodeFiles } from '../gpu-node/layout.ts';

/** One worker's folders on this machine, mounted into its node. Short names: sockets lie in them. */
export interface WorkerFolders {
  /** /var/lib/ordeal of the node. */
  state: string;
  /** /var/lib/kubelet/device-plugins of the node. */
  devicePlugins: string;
  /** /var/lib/kubelet/pod-resources of the node. */
  podResources: string;
}

export function workerFolders(folder: string, worker: number): WorkerFolders {
  const own = join(folder, `w${worker}`);
  return { state: join(own, 's'), devicePlugins: join(own, 'd'), podResources: join(own, 'p') };
}

/** Makes a worker's folders before Docker does, which would make them root's. */
export async function makeWorkerFolders(folders: WorkerFolders): Promise<void> {
  await mkdir(gpuNodeFiles(folders.state).root, { recursive: true });
  await mkdir(folders.devicePlugins, { recursive: true });
  await mkdir(folders.podResources, { recursive: true });
}

/** Says whose a cluster is: the process whose run it is, or none for one that outlives its process. */
export async function writeOwner(folder: string, pid: number | null): Promise<void> {
  await writeFile(join(folder, 'owner.json'), JSON.stringify({ pid, born: pid && (await bornAt(pid)) }));
}

/** Whether the process that owns the cluster in this folder is alive. A folder that is gone has no owner. */
export async function hasLivingOwner(folder: string): Promise<boolean> {
  try {
    const owner = JSON.parse(await readFile(join(folder, 'owner.json'), 'utf8')) as {
      pid: number | null;
      born: string | null;
    };
    return owner.pid !== null && (await bornAt(owner.pid)) === owner.born;
  } catch {
    return false;
  }
}

/** A process's start in the kernel's ticks: a PID alone is given out again. */
async function bornAt(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // Field 22, counted behind the command's name, which may hold blanks and brackets.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
