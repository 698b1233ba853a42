import type { BrokenDevice } from './broken-device.ts';

/** `gpu/device-lost`: the driver loses a device, whatever its plugin advertises: the one that its plugin likes best. */
export const DEVICE_LOST: BrokenDevice = {
  kind: 'gpu/device-lost',
  mechanism: 'the fake driver loses the device',
  device: 0,
  set: (gpu, devices) => gpu.lose(devices),
  evidence: {
    noticed: 'a container that had the device is without it',
    unnoticed: 'a container that had the device was not seen without it',
  },
};
