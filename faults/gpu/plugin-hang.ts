import { z } from 'zod';
import { PluginCall, Which } from '../../clusters/plugin-proxy/injection.ts';
import type { Fault } from '../port.ts';
import { type ProxiedAt, ProxiedWith, proxiedPlugin } from './proxied-plugin.ts';

export const PluginHangWith = z.strictObject({
  ...ProxiedWith,
  ...Which,
  call: PluginCall.default('Allocate'),
});
export type PluginHangWith = z.infer<typeof PluginHangWith>;

/** Longer than a start takes, with the second in which the kubelet’s stamps are. */
const STUCK_MS = 5_000;

/** `gpu/plugin-hang`: a call to the plugin is not answered. What the kubelet still waits for is answered when it is healed. */
export function pluginHang(id: string, { plugin, resource, ...which }: PluginHangWith, at: ProxiedAt): Fault {
  return proxiedPlugin({
    ...{ ...at, id, resource, plugin },
    injection: { kind: 'hang', ...which },
    bitten({ lines, pods }, nowWall) {
      const hanging = lines.filter((line) => line.type === 'holding');
      const since = hanging.find((line) => nowWall - line.at >= STUCK_MS)?.at;
      const stuck =
        since === undefined
          ? undefined
          : pods.find(
              ({ createdWall, phase, startedWall }) =>
                phase === 'Pending' && startedWall === undefined && nowWall - createdWall >= STUCK_MS,
            );
      return {
        seen: stuck !== undefined,
        evidence: `${hanging.length} calls of ${which.call} were left without an answer; ${stuck ? `${stuck.name} does not start` : 'no pod is stuck'}`,
      };
    },
  });
}
