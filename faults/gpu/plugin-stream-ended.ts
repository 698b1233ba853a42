import type { Fault } from '../port.ts';
import { type OwnPlugin, type OwnPluginAt, ownPluginFault } from './own-plugin.ts';

/** `gpu/plugin-stream-ended`: the plugin itself ends its ListAndWatch, and goes on serving. */
export function pluginStreamEnded(id: string, at: OwnPluginAt, plugin: () => OwnPlugin): Fault {
  let open = 0;
  let ended = false;
  return ownPluginFault({
    ...{ ...at, id, kind: 'gpu/plugin-stream-ended' },
    mechanism: 'the plugin ends its stream',
    async inject() {
      open = plugin().openStreams;
      plugin().endStreams();
    },
    async bitten() {
      // Once over it has bitten, also where the plugin has opened another since.
      ended ||= open > 0 && plugin().openStreams < open;
      return { seen: ended, evidence: `of ${open} streams ${plugin().openStreams} are open` };
    },
    heal: () => plugin().comeBack(),
  });
}
