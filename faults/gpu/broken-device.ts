import type { Fault, FaultContext } from '../port.ts';
import type { OwnGpu } from './own-gpu.ts';
import { type OwnPluginAt, ownPluginFault } from './own-plugin.ts';

/** What a fake driver does to one of its devices. */
export interface BrokenDevice {
  kind: string;
  mechanism: string;
  /** By index. */
  device: number;
  /** Sets which devices are broken, by index. */
  set(gpu: OwnGpu, devices: readonly number[]): void;
  /** In words, with what noticed it, and without. */
  evidence: { noticed: string; unnoticed: string };
}

/**
 * A device of a scenario's own fake driver is broken, whatever its plugin advertises.
 * @param noticed whether a container has met it since
 */
export function brokenDevice(
  id: string,
  at: OwnPluginAt,
  gpu: () => OwnGpu,
  noticed: (context: FaultContext) => boolean,
  { device, evidence, kind, mechanism, set }: BrokenDevice,
): Fault {
  return ownPluginFault({
    ...{ ...at, id, kind, mechanism },
    async inject() {
      set(gpu(), [device]);
    },
    async bitten(context) {
      const seen = noticed(context);
      return { seen, evidence: seen ? evidence.noticed : evidence.unnoticed };
    },
    async heal() {
      set(gpu(), []);
    },
    impaired: () => gpu().impaired,
  });
}
