import type { Fault } from '../port.ts';
import { type OwnPlugin, type OwnPluginAt, ownPluginFault } from './own-plugin.ts';

/** `gpu/plugin-stream-ended`: the plugin itself ends its ListAndWatch, and goes on serving. */
export function pluginStreamEnded(id: string, at: OwnPluginAt, plugin: () => OwnPlugin): Fault {
  let before = 0;
  return ownPluginFault({
    ...{ ...at, id, kind: 'gpu/plugin-stream-ended' },
    mechanism: 'the plugin ends its stream',
    async inject() {
      before = plugin().endedStreams;
      plugin().endStreams();
    },
    async bitten() {
      const ended = plugin().endedStreams - before;
      return { seen: ended > 0, evidence: `${ended} streams are over, ${plugin().openStreams} open` };
    },
    heal: () => plugin().comeBack(),
  });
}
