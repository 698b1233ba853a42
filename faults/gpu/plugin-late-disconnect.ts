import type { Fault } from '../port.ts';
import { type OwnPlugin, type OwnPluginAt, ownPluginFault } from './own-plugin.ts';

/** `gpu/plugin-late-disconnect`: a plugin ends whose successor has registered already, as at a rolling update. */
export function pluginLateDisconnect(
  id: string,
  at: OwnPluginAt,
  instances: () => { old: OwnPlugin; successor: OwnPlugin },
): Fault {
  let open = { old: 0, successor: 0 };
  return ownPluginFault({
    ...{ ...at, id, kind: 'gpu/plugin-late-disconnect' },
    mechanism: 'the old instance ends',
    async inject() {
      const { old, successor } = instances();
      open = { old: old.openStreams, successor: successor.openStreams };
      await old.stop();
    },
    async bitten() {
      const { openStreams } = instances().old;
      return {
        seen: open.old > 0 && open.successor > 0 && openStreams === 0,
        evidence: `the old instance had ${open.old} streams beside its successor’s ${open.successor}, and has ${openStreams}`,
      };
    },
    heal: () => instances().successor.comeBack(),
  });
}
