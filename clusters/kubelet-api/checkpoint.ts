import { z } from 'zod';
import { containerAllocateResponse } from './definition.ts';
import type { ContainerAllocateResponse } from './messages.ts';

/** The kubelet's own name for it, in the device plugins' folder. */
export const CHECKPOINT_FILE = 'kubelet_internal_checkpoint';

const File = z.object({
  Data: z.object({
    PodDeviceEntries: z
      .array(
        z.object({
          PodUID: z.string(),
          ContainerName: z.string(),
          ResourceName: z.string(),
          /** By NUMA node. */
          DeviceIDs: z.record(z.string(), z.array(z.string()).nullable()),
          AllocResp: z.string().nullish(),
        }),
      )
      .nullish(),
    RegisteredDevices: z.record(z.string(), z.array(z.string()).nullable()).nullish(),
  }),
});

/** What one container was given, as the kubelet has it. */
export interface Given {
  podUid: string;
  container: string;
  resource: string;
  /** The devices that the kubelet chose. */
  devices: string[];
  /** What the plugin answered to Allocate. */
  answer: ContainerAllocateResponse;
}

export interface KubeletCheckpoint {
  given: Given[];
  /** Resources that were registered, with the devices that were healthy. */
  registered: Record<string, string[]>;
}

/** Undefined for a text that is no checkpoint of a kubelet. Its checksum is Go's own, and is not checked. */
export function parseCheckpoint(text: string): KubeletCheckpoint | undefined {
  try {
    const { Data } = File.parse(JSON.parse(text));
    return {
      given: (Data.PodDeviceEntries ?? []).map((entry) => ({
        podUid: entry.PodUID,
        container: entry.ContainerName,
        resource: entry.ResourceName,
        devices: Object.values(entry.DeviceIDs).flatMap((devices) => devices ?? []),
        answer: containerAllocateResponse.deserialize(Buffer.from(entry.AllocResp ?? '', 'base64')),
      })),
      registered: Object.fromEntries(
        Object.entries(Data.RegisteredDevices ?? {}).map(([resource, devices]) => [resource, devices ?? []]),
      ),
    };
  } catch {
    return undefined;
  }
}
