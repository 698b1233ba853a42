import type { BrokenDevice } from './broken-device.ts';

/**
 * `gpu/device-workless`: a device is listed and healthy and does no work, as where its uvm nodes are missing. It is the last
 * one: work on the first tells nothing of it.
 * @param devices all that there are
 */
export const deviceWorkless = (devices: number): BrokenDevice => ({
  kind: 'gpu/device-workless',
  mechanism: 'the fake driver lists the device and gives it no work',
  device: devices - 1,
  set: (gpu, broken) => gpu.idle(broken),
  evidence: {
    noticed: 'a device that a container sees does no work',
    unnoticed: 'a device that a container sees was not seen to do none',
  },
});
