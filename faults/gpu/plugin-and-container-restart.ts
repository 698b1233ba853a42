import type { Fault, FaultContext } from '../port.ts';
import type { OwnGpu } from './own-gpu.ts';
import { type OwnPluginAt, ownPluginFault } from './own-plugin.ts';

/**
 * `gpu/plugin-and-container-restart`: the plugin starts anew, then a container that holds one of its devices does.
 * @param restartContainer ends the container; its pod's policy starts it again
 * @param restarts how often containers were seen to have started again since
 */
export function pluginAndContainerRestart(
  id: string,
  at: OwnPluginAt,
  gpu: () => OwnGpu,
  restartContainer: () => Promise<void>,
  restarts: (context: FaultContext) => number,
): Fault {
  let before = 0;
  return ownPluginFault({
    ...{ ...at, id, kind: 'gpu/plugin-and-container-restart' },
    mechanism: 'the plugin stops and starts, and the container’s process ends',
    async inject() {
      before = gpu().starts;
      await gpu().restart();
      await restartContainer();
    },
    async bitten(context) {
      const starts = gpu().starts - before;
      const streams = gpu().openStreams;
      const again = restarts(context);
      return {
        seen: starts > 0 && streams > 0 && again > 0,
        evidence: `the plugin has started ${starts} times anew with ${streams} streams, the container ${again} times`,
      };
    },
    heal: async () => undefined,
  });
}
