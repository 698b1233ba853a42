import type { Fault, FaultContext } from '../port.ts';
import type { OwnGpu } from './own-gpu.ts';
import { type OwnPluginAt, ownPluginFault } from './own-plugin.ts';

/** The device that is lost: the one that its plugin likes best. */
const FIRST = 0;

/**
 * `gpu/device-lost`: the driver loses a device, whatever its plugin advertises.
 * @param noticed whether a container that had it was seen without it since
 */
export function deviceLost(
  id: string,
  at: OwnPluginAt,
  gpu: () => OwnGpu,
  noticed: (context: FaultContext) => boolean,
): Fault {
  return ownPluginFault({
    ...{ ...at, id, kind: 'gpu/device-lost' },
    mechanism: 'the fake driver loses the device',
    async inject() {
      gpu().lose([FIRST]);
    },
    async bitten(context) {
      const seen = noticed(context);
      return { seen, evidence: `a container that had the device ${seen ? 'is' : 'was not seen'} without it` };
    },
    async heal() {
      gpu().lose([]);
    },
    impaired: () => gpu().impaired,
  });
}
