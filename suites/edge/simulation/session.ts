import type { Span } from './link.ts';
import type { Parameters } from './parameters.ts';

/** Linux's least retransmission timeout is added to the round trip; RFC 6298 caps the doubled one. */
const RTO_LEAST_MS = 200;
const RTO_MOST_MS = 120_000;
/** The first try of a SYN, doubled with each: RFC 6298. */
const SYN_MS = 1_000;
/** An MQTT client has lost its connection when nothing came for so many of its keepalives. */
const KEEPALIVES = 1.5;

/** A stretch in which nothing that a publisher has sent is acknowledged. */
export interface Stall extends Span {
  /** When the client gave its connection up; undefined where TCP had it going again before that. */
  closedMs: number | undefined;
}

/**
 * What outages of the tunnel make of one publisher's session. TCP sends again at doubling intervals until the client's
 * keepalive ends the connection; then the client connects anew, again and again. What is sent outside an outage passes.
 * @param outages in order, without overlap
 * @returns a stall that was not over at the end reaches to infinity
 */
export function stallsOf(outages: readonly Span[], parameters: Parameters, overMs: number): Stall[] {
  const stalls: Stall[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const [index, { fromMs }] of outages.entries()) {
    // What is cut while it is down already is not cut again.
    if (fromMs < last) continue;
    const stall = stallFrom(fromMs, parameters, passing(outages, index));
    last = stall.toMs;
    stalls.push(stall.toMs < overMs ? stall : { ...stall, toMs: Number.POSITIVE_INFINITY });
  }
  return stalls;
}

function stallFrom(fromMs: number, { mqtt, transit }: Parameters, passes: (ms: number) => boolean): Stall {
  const closedMs = fromMs + KEEPALIVES * mqtt.keepalive;
  let timeout = RTO_LEAST_MS + 2 * transit;
  for (let at = fromMs + timeout; at < closedMs; at += timeout) {
    if (passes(at)) return { fromMs, toMs: at + 2 * transit, closedMs: undefined };
    timeout = Math.min(RTO_MOST_MS, 2 * timeout);
  }
  for (let from = closedMs + mqtt.reconnect; ; from += mqtt.connectTimeout + mqtt.reconnect) {
    for (let after = 0, wait = SYN_MS; after < mqtt.connectTimeout; after += wait, wait *= 2) {
      // A round trip for TCP's handshake and one for MQTT's.
      if (passes(from + after)) return { fromMs, toMs: from + after + 4 * transit, closedMs };
    }
  }
}

/** Whether anything passes, at times that only grow. */
function passing(outages: readonly Span[], first: number): (ms: number) => boolean {
  let index = first;
  return (ms) => {
    while ((outages[index]?.toMs ?? Number.POSITIVE_INFINITY) <= ms) index += 1;
    return (outages[index]?.fromMs ?? Number.POSITIVE_INFINITY) > ms;
  };
}
