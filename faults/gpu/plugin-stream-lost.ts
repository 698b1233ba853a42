import { z } from 'zod';
import { Duration } from '../../harness/plan/schema.ts';
import type { Fault } from '../port.ts';
import { type ProxiedAt, ProxiedWith, proxiedPlugin } from './proxied-plugin.ts';

export const PluginStreamLostWith = z.strictObject({ ...ProxiedWith, after: Duration.default(1_000) });
export type PluginStreamLostWith = z.infer<typeof PluginStreamLostWith>;

/** `gpu/plugin-stream-lost`: ListAndWatch ends, and the plugin goes on serving without knowing of it. */
export function pluginStreamLost(
  id: string,
  { after, plugin, resource }: PluginStreamLostWith,
  at: ProxiedAt,
): Fault {
  return proxiedPlugin({
    ...{ ...at, id, resource, plugin },
    injection: { kind: 'stream-lost', afterMs: after },
    bitten({ allocatable, lines }) {
      const ended = lines.some((line) => line.type === 'stream-ended' && line.by === 'injection');
      return {
        seen: ended && allocatable === 0,
        evidence: `the stream ${ended ? 'was ended' : 'stands'}; ${allocatable} ${resource} allocatable on ${at.node.name}`,
      };
    },
  });
}
