import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CHECKPOINT_FILE } from '../../kubelet-api/checkpoint.ts';
import { containerAllocateResponse } from '../../kubelet-api/definition.ts';
import type { ContainerAllocateResponse } from '../../kubelet-api/messages.ts';

/** What one container holds of one resource. */
export interface PodDevices {
  podUid: string;
  container: string;
  resource: string;
  devices: string[];
  response: ContainerAllocateResponse;
}

export interface Checkpoint {
  allocations: PodDevices[];
  /** Resources that were registered, with the devices that were healthy. */
  registered: Record<string, string[]>;
}

export async function writeCheckpoint(folder: string, checkpoint: Checkpoint): Promise<void> {
  const data = JSON.stringify({
    PodDeviceEntries: checkpoint.allocations.map(({ podUid, container, resource, devices, response }) => ({
      PodUID: podUid,
      ContainerName: container,
      ResourceName: resource,
      DeviceIDs: { '-1': devices },
      AllocResp: containerAllocateResponse.serialize(response).toString('base64'),
    })),
    RegisteredDevices: checkpoint.registered,
  });
  const path = join(folder, CHECKPOINT_FILE);
  await writeFile(`${path}.new`, `{"Data":${data},"Checksum":${checksum(data)}}`);
  await rename(`${path}.new`, path);
}

/** Undefined where there is none, or one whose checksum does not fit: the kubelet then starts without. */
export function readCheckpoint(folder: string): Checkpoint | undefined {
  try {
    const { Data, Checksum } = JSON.parse(readFileSync(join(folder, CHECKPOINT_FILE), 'utf8'));
    if (checksum(JSON.stringify(Data)) !== Checksum) return undefined;
    return {
      registered: Data.RegisteredDevices,
      allocations: Data.PodDeviceEntries.map(
        (entry: Record<string, string> & { DeviceIDs: Record<string, string[]> }) => ({
          podUid: entry.PodUID,
          container: entry.ContainerName,
          resource: entry.ResourceName,
          devices: Object.values(entry.DeviceIDs).flat(),
          response: containerAllocateResponse.deserialize(Buffer.from(entry.AllocResp ?? '', 'base64')),
        }),
      ),
    };
  } catch {
    return undefined;
  }
}

function checksum(data: string): number {
  return createHash('sha256').update(data).digest().readUInt32BE(0);
}
