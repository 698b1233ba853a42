import { join } from 'node:path';

/** Files of one fake GPU node below its state folder (`/var/lib/ordeal` on the node). */
export function gpuNodeFiles(stateDir: string) {
  const root = join(stateDir, 'gpu');
  return {
    root,
    /** GpuNodeSettings as JSON; replaced by rename; the agent applies a change within 200 ms and says so in the ledger. */
    settings: join(root, 'settings.json'),
    /** GpuFaults as JSON, likewise. Each fault carries its own deadline, so that it heals itself when the harness dies. */
    faults: join(root, 'faults.json'),
    /** Append-only JSON lines, one LedgerLine each. */
    ledger: join(root, 'ledger.jsonl'),
    /** One empty file `<uuid>.<allocation>` for every association that stands: what nvidia-smi tells the truth about. */
    associations: join(root, 'associations'),
    /** One empty file `<uuid>` for every device that the driver has lost. */
    lost: join(root, 'lost'),
    /** One empty file `<uuid>` for every device that is listed and does no work, as where the uvm nodes are missing. */
    workless: join(root, 'workless'),
    /** The nvidia-smi that Allocate mounts into the container as /usr/bin/nvidia-smi. */
    nvidiaSmi: join(root, 'bin', 'nvidia-smi'),
    /** And the CUDA sample that asks a device for work, as /usr/bin/vectorAdd. */
    vectorAdd: join(root, 'bin', 'vectorAdd'),
  };
}

/** Where Allocate mounts `root` inside a container (read-only). */
export const CONTAINER_GPU_ROOT = '/run/ordeal-gpu';
/** Environment that Allocate gives: the allocation that this container holds, and its devices' UUIDs, comma-separated. */
export const ENV_ALLOCATION = 'ORDEAL_ALLOCATION';
export const ENV_VISIBLE_DEVICES = 'NVIDIA_VISIBLE_DEVICES';
