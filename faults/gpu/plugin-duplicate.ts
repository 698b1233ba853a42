import { z } from 'zod';
import { Which } from '../../clusters/plugin-proxy/injection.ts';
import type { Fault } from '../port.ts';
import { sameAnswer } from './pod-signs.ts';
import { type ProxiedAt, ProxiedWith, proxiedPlugin } from './proxied-plugin.ts';

export const PluginDuplicateWith = z.strictObject({ ...ProxiedWith, ...Which });
export type PluginDuplicateWith = z.infer<typeof PluginDuplicateWith>;

/** `gpu/plugin-duplicate`: Allocate is answered with what an earlier container was given. */
export function pluginDuplicate(
  id: string,
  { plugin, resource, ...which }: PluginDuplicateWith,
  at: ProxiedAt,
): Fault {
  return proxiedPlugin({
    ...{ ...at, id, resource, plugin },
    injection: { kind: 'duplicate', call: 'Allocate', ...which },
    bitten({ given, lines, pods }) {
      const duplicated = lines.flatMap((line) =>
        line.type === 'call' && line.injected === 'duplicate' ? [line] : [],
      );
      const ofThese = given.filter((entry) =>
        duplicated.some(({ devices }) => overlap(devices, entry.devices)),
      );
      const pair = ofThese.map((entry) => sameAnswer([entry, ...given])).find(Boolean);
      const names = pair?.map(({ podUid }) => pods.find(({ uid }) => uid === podUid)?.name ?? podUid);
      return {
        seen: pair !== undefined,
        evidence: `${duplicated.length} calls of Allocate were given an earlier answer; ${names ? `the kubelet gave ${names.join(' and ')} the same` : 'the kubelet holds no answer twice'}`,
      };
    },
  });
}

function overlap(some: readonly string[], others: readonly string[]): boolean {
  return some.some((id) => others.includes(id));
}
