import type { History } from '../../harness/history/event.ts';

interface Allocate {
  allocation: string;
  mono: number;
}

interface Associated {
  allocation: string;
  serviceMs: number;
  injectedMs: number;
}

export interface Exposure {
  /** Allocations whose association had a delay injected. */
  delayed: number;
  /** Those that the incident's plugin would have bound after their container's first act. */
  exposed: number;
  /** The longest that one of them would have waited, in ms. */
  slowestMs: number;
}

/**
 * Whether a bind delay was strong enough to bite, whatever the plugin under test did about it: the Allocate calls as
 * they came, on each node, are put through the incident's plugin (one worker, first come first served) with the
 * service times as they were. An allocation is exposed where its turn would have ended later than `startLatencyMs`,
 * the cluster's own time from Allocate to a container's first act.
 */
export function exposure(history: History, startLatencyMs: number, nodes: ReadonlySet<string>): Exposure {
  const associated = new Map<string, Associated[]>();
  const allocates = new Map<string, Allocate[]>();
  for (const { type, source, body } of history) {
    if (!nodes.has(source)) continue;
    if (type === 'ledger.driver.associated') {
      const line = body as Associated;
      associated.set(line.allocation, [...(associated.get(line.allocation) ?? []), line]);
    } else if (type === 'ledger.plugin.allocate') {
      allocates.set(source, [...(allocates.get(source) ?? []), body as Allocate]);
    }
  }
  const result = { delayed: 0, exposed: 0, slowestMs: 0 };
  for (const queue of allocates.values()) {
    let freeAt = Number.NEGATIVE_INFINITY;
    for (const { allocation, mono } of queue.sort((a, b) => a.mono - b.mono)) {
      const services = associated.get(allocation) ?? [];
      freeAt = Math.max(freeAt, mono) + services.reduce((sum, { serviceMs }) => sum + serviceMs, 0);
      if (!services.some(({ injectedMs }) => injectedMs > 0)) continue;
      const waitMs = freeAt - mono;
      result.delayed += 1;
      if (waitMs > startLatencyMs) result.exposed += 1;
      result.slowestMs = Math.max(result.slowestMs, waitMs);
    }
  }
  return result;
}
