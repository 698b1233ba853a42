import { z } from 'zod';
import { PluginCall, Which } from '../../clusters/plugin-proxy/injection.ts';
import { Duration } from '../../harness/plan/schema.ts';
import type { Fault } from '../port.ts';
import { holderOf } from './pod-signs.ts';
import { type ProxiedAt, ProxiedWith, proxiedPlugin } from './proxied-plugin.ts';

/** The kubelet stamps a container’s start in whole seconds: a delay of less could not be told from none. */
const LEAST_MS = 2_000;
const STAMP_MS = 1_000;

export const PluginDelayWith = z.strictObject({
  ...ProxiedWith,
  ...Which,
  call: PluginCall.default('Allocate'),
  delay: Duration.refine((ms) => ms >= LEAST_MS, `expected at least ${LEAST_MS} ms`).default(5_000),
});
export type PluginDelayWith = z.infer<typeof PluginDelayWith>;

/** `gpu/plugin-delay`: the plugin’s answers to a call come so much later. */
export function pluginDelay(
  id: string,
  { delay: delayMs, plugin, resource, ...which }: PluginDelayWith,
  at: ProxiedAt,
): Fault {
  return proxiedPlugin({
    ...{ ...at, id, resource, plugin },
    injection: { kind: 'delay', delayMs, ...which },
    bitten({ given, lines, pods }) {
      const delayed = lines.filter((line) => line.type === 'call' && line.injected === 'delay');
      for (const line of delayed) {
        if (line.type !== 'call' || line.outcome !== 'OK' || line.heldMs < delayMs) continue;
        const pod = holderOf(line.devices, given, pods);
        // It waited for this answer: it was there when the call came, and did not start before it was answered.
        const waited =
          pod?.startedWall !== undefined &&
          pod.createdWall <= line.at - line.tookMs + STAMP_MS &&
          pod.startedWall >= line.at - STAMP_MS;
        const evidence = `${line.call} was held for ${Math.round(line.heldMs)} ms`;
        if (line.call === 'GetPreferredAllocation')
          return { seen: true, evidence: `${evidence}, and the kubelet waited for it` };
        if (waited) return { seen: true, evidence: `${evidence}; only then did ${pod.name} start` };
      }
      return {
        seen: false,
        evidence: `${delayed.length} calls were held, and no pod is seen to have waited for one`,
      };
    },
  });
}
