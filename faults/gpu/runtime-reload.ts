import type { Fault } from '../port.ts';
import type { OwnGpu } from './own-gpu.ts';
import { type OwnPluginAt, ownPluginFault } from './own-plugin.ts';

/** `gpu/runtime-reload`: the container runtime applies its device rules anew, as on a systemd `daemon-reload`. */
export function runtimeReload(id: string, at: OwnPluginAt, gpu: () => OwnGpu): Fault {
  let reloaded = { associations: 0, revoked: 0 };
  return ownPluginFault({
    ...{ ...at, id, kind: 'gpu/runtime-reload' },
    mechanism: 'the fake runtime applies its device rules anew',
    async inject() {
      reloaded = gpu().reloadRuntime();
      return reloaded;
    },
    async bitten() {
      const { associations, revoked } = reloaded;
      return {
        seen: associations > 0,
        evidence: `rules applied anew over ${associations} devices in use, ${revoked} of them revoked`,
      };
    },
    async heal() {
      gpu().restoreRevoked();
    },
    impaired: () => gpu().impaired,
  });
}
