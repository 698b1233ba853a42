import type { Remedies } from '../settings.ts';
import { streamOf } from './draw.ts';
import { DAY_MS, type LinkLife } from './link.ts';
import type { Parameters } from './parameters.ts';
import { type Account, accountOf, measuredBy } from './publisher.ts';
import { type Stall, stallsOf } from './session.ts';
import { type TunnelOutage, type TunnelSetup, tunnelOutages } from './tunnel.ts';

/** Nodes are compared by months of so many days; the last may be shorter. */
export const MONTH_DAYS = 30;

/** A month of one node: what shares its luck. */
export interface NodeMonth extends Account {
  node: number;
  days: number;
  /** The length of each disconnect, in ms. */
  disconnects: number[];
  /** Disconnects that the pod's readiness or the watchdog's alert told of while they lasted. */
  noticed: number;
  /** For how long the publisher's measurements got no acknowledgement, in ms. */
  stalledMs: number;
}

/** One node's months under these remedies. Pure: the same parameters and the same life of its link give the same. */
export function liveThrough(
  parameters: Parameters,
  node: number,
  link: LinkLife,
  remedies: Remedies,
): NodeMonth[] {
  const overMs = parameters.days * DAY_MS;
  const { offlineStore, probes } = remedies;
  const outages = tunnelOutages(
    link,
    setupOf(parameters, remedies),
    streamOf(parameters.seed, node, 'tunnel'),
    overMs,
  );
  const stalls = stallsOf(outages, parameters, overMs);
  const months = monthsOf(parameters, node);
  const monthAt = (ms: number) => months[Math.floor(ms / (MONTH_DAYS * DAY_MS))] as NodeMonth;
  for (const stall of stalls) {
    const month = monthAt(stall.fromMs);
    const { delivered, lost, published, stored } = accountOf(stall, parameters, offlineStore || 0, overMs);
    month.delivered -= published - delivered;
    month.lost += lost;
    month.stored += stored;
    month.stalledMs += Math.min(stall.toMs, overMs) - stall.fromMs;
  }
  const unready = probes ? unreadyAt(stalls, parameters.readinessPeriod) : () => undefined;
  for (const outage of outages) {
    const ms = outage.toMs - outage.fromMs;
    if (ms < parameters.disconnectAfter) continue;
    const month = monthAt(outage.fromMs);
    month.disconnects.push(ms);
    if (Math.min(outage.alertMs ?? Infinity, unready(outage) ?? Infinity) < outage.toMs) month.noticed += 1;
  }
  return months;
}

/** A tunnel under these remedies. */
export function setupOf(parameters: Parameters, { keepalive, offloadOff, watchdog }: Remedies): TunnelSetup {
  return {
    offload: offloadOff !== true,
    match: parameters.defect.match,
    keepaliveMs: typeof keepalive === 'number' ? keepalive * 1_000 : 0,
    transitMs: parameters.transit,
    watchdog: watchdog ? parameters.watchdog : undefined,
  };
}

/** All measured and delivered, until an account says otherwise. A stall's losses are its first month's. */
function monthsOf(parameters: Parameters, node: number): NodeMonth[] {
  return Array.from({ length: Math.ceil(parameters.days / MONTH_DAYS) }, (_, month) => {
    const first = month * MONTH_DAYS;
    const days = Math.min(MONTH_DAYS, parameters.days - first);
    const published =
      measuredBy((first + days) * DAY_MS, parameters) - measuredBy(first * DAY_MS, parameters);
    return {
      node,
      days,
      published,
      delivered: published,
      lost: 0,
      stored: 0,
      disconnects: [],
      noticed: 0,
      stalledMs: 0,
    };
  });
}

/** When the readinessProbe finds the client without its connection, for outages that are asked for in their order. */
function unreadyAt(stalls: readonly Stall[], periodMs: number) {
  let index = 0;
  return ({ fromMs }: TunnelOutage): number | undefined => {
    while ((stalls[index]?.toMs ?? Infinity) <= fromMs) index += 1;
    const { closedMs } = stalls[index] ?? {};
    return closedMs === undefined ? undefined : Math.max(fromMs, closedMs) + periodMs;
  };
}
