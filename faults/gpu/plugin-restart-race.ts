import { systemClock } from '../../harness/clock/clock.ts';
import type { Fault } from '../port.ts';
import { type OwnPlugin, type OwnPluginAt, ownPluginFault } from './own-plugin.ts';

const LOOK_MS = 20;

/** `gpu/plugin-restart-race`: so many times a plugin ends in the midst of an Allocate, and comes back at once. */
export function pluginRestartRace(
  id: string,
  at: OwnPluginAt,
  plugin: () => OwnPlugin,
  times: number,
): Fault {
  const ending = new AbortController();
  let broken = 0;
  let racing: Promise<void> = Promise.resolve();
  const race = async () => {
    while (!ending.signal.aborted && broken < times) {
      if (plugin().allocating > 0) {
        await plugin().stop();
        broken += 1;
        await plugin().comeBack();
      } else await systemClock.sleep(LOOK_MS, ending.signal).catch(() => undefined);
    }
  };
  return ownPluginFault({
    ...{ ...at, id, kind: 'gpu/plugin-restart-race' },
    mechanism: 'the plugin ends in the midst of an Allocate',
    async inject() {
      racing = race();
      // Whoever heals hears of it.
      racing.catch(() => undefined);
    },
    bitten: async () => ({
      seen: broken === times,
      evidence: `the plugin ended in the midst of ${broken} Allocates`,
    }),
    async heal() {
      ending.abort();
      await racing;
    },
  });
}
