import type { Fault, FaultContext } from '../port.ts';
import type { OwnGpu } from './own-gpu.ts';
import { type OwnPluginAt, ownPluginFault } from './own-plugin.ts';

/**
 * `gpu/device-workless`: a device is listed and healthy and does no work, as where its uvm nodes are missing. It is the last
 * one: work on the first tells nothing of it.
 * @param noticed whether a container was seen for which a listed device did no work since
 */
export function deviceWorkless(
  id: string,
  at: OwnPluginAt,
  gpu: () => OwnGpu,
  noticed: (context: FaultContext) => boolean,
): Fault {
  return ownPluginFault({
    ...{ ...at, id, kind: 'gpu/device-workless' },
    mechanism: 'the fake driver lists the device and gives it no work',
    async inject() {
      gpu().idle([at.devices - 1]);
    },
    async bitten(context) {
      const seen = noticed(context);
      return {
        seen,
        evidence: `a device that a container sees ${seen ? 'does no work' : 'was not seen to do none'}`,
      };
    },
    async heal() {
      gpu().idle([]);
    },
    impaired: () => gpu().impaired,
  });
}
