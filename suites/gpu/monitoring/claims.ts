import type { Claim } from '../events.ts';
import type { Sample } from './exposition.ts';

/** dcgm-exporter's metrics all carry the holder of their device. */
const METRIC = /^DCGM_FI_/;

/** What an exporter said in one answer. */
export interface Told {
  /** Devices that it said are held by containers of the namespace, each once. */
  claims: Claim[];
  /** Those of a part of a device, by whose name no container can be asked. */
  parts: number;
}

/** Who holds which device, by what dcgm-exporter says of each: of one namespace, for other people's pods are theirs. */
export function claimsIn(samples: readonly Sample[], namespace: string): Told {
  const claims = new Map<string, Claim>();
  const parts = new Set<string>();
  for (const { labels, name } of samples) {
    if (!METRIC.test(name) || labels.namespace !== namespace) continue;
    const { container, pod } = labels;
    // By an older name of dcgm-exporter's, where it is told to use that.
    const device = labels.UUID ?? labels.uuid;
    if (!container || !pod || !device) continue;
    const key = JSON.stringify([device, pod, container, labels.GPU_I_ID]);
    if (labels.GPU_I_ID) parts.add(key);
    else claims.set(key, { device, pod, container });
  }
  return { claims: [...claims.values()], parts: parts.size };
}
