import { DAY_MS } from './link.ts';
import type { Parameters } from './parameters.ts';
import type { Stall } from './session.ts';

/** What became of a publisher's measurements: published = delivered + lost + stored. */
export interface Account {
  published: number;
  delivered: number;
  lost: number;
  /** Not yet delivered, and not lost, when the time was over. */
  stored: number;
}

/** How many measurements a publisher has made by a time, in its shifts. */
export function measuredBy(ms: number, { mqtt, shiftHours }: Parameters): number {
  const shiftMs = shiftHours * 3_600_000;
  const day = Math.floor(ms / DAY_MS);
  const worked = day * shiftMs + Math.min(ms - day * DAY_MS, shiftMs);
  return Math.ceil((worked * mqtt.rate) / 1_000);
}

/**
 * What a stall costs. As the suite's own publisher has it: the first go out, so many as may be without an
 * acknowledgement, and are sent again later; the next wait in the offline store; what does not fit in is lost. What waited
 * is delivered when the stall is over.
 * @param store measurements that the offline store holds
 */
export function accountOf(
  { closedMs, fromMs, toMs }: Stall,
  parameters: Parameters,
  store: number,
  overMs: number,
): Account {
  const by = (ms: number) => measuredBy(Math.min(ms, overMs), parameters);
  const published = by(toMs) - by(fromMs);
  const sent = Math.min(parameters.mqtt.inFlight, by(closedMs ?? toMs) - by(fromMs));
  const kept = sent + Math.min(store, published - sent);
  const open = toMs > overMs;
  return {
    published,
    lost: published - kept,
    delivered: open ? 0 : kept,
    stored: open ? kept : 0,
  };
}
