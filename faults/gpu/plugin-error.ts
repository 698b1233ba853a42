import { z } from 'zod';
import { ErrorCode, PluginCall, Which } from '../../clusters/plugin-proxy/injection.ts';
import type { Fault } from '../port.ts';
import { type ProxiedAt, ProxiedWith, proxiedPlugin } from './proxied-plugin.ts';

export const PluginErrorWith = z.strictObject({
  ...ProxiedWith,
  ...Which,
  call: PluginCall.default('Allocate'),
  code: ErrorCode.default('UNAVAILABLE'),
});
export type PluginErrorWith = z.infer<typeof PluginErrorWith>;

/** `gpu/plugin-error`: a call to the plugin fails, and the vendor’s plugin never hears of it. */
export function pluginError(
  id: string,
  { plugin, resource, ...which }: PluginErrorWith,
  at: ProxiedAt,
): Fault {
  const message = `injected by ordeal (${id})`;
  return proxiedPlugin({
    ...{ ...at, id, resource, plugin },
    injection: { kind: 'error', message, ...which },
    bitten({ lines, pods }) {
      const failed = lines.filter((line) => line.type === 'call' && line.injected === 'error');
      const pod = pods.find(({ messages }) => messages.includes(message));
      return {
        seen: failed.length > 0 && pod !== undefined,
        evidence: `${failed.length} calls of ${which.call} were answered with ${which.code}; ${pod ? `${pod.name} says so` : 'no pod says so'}`,
      };
    },
  });
}
