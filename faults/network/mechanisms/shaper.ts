import type { KernelPath } from '../../../clusters/network/port.ts';
import { lanesOf } from '../lanes.ts';
import type { ImpairmentSpec } from '../spec.ts';
import { tcLacks } from '../tc/probe.ts';
import { qdiscOf } from '../tc/state.ts';
import type { Part } from './mechanism.ts';
import { handleFor, qdiscFor } from './qdisc-for.ts';

/** More than the largest frame, so that each fits through the bucket. */
const BURST_BYTES = 3_000;
/** What an access network's buffer holds before it drops. */
const LATENCY_MS = 400;

/** A limited rate, by a token bucket. */
export function shaper(path: KernelPath, { direction, match, rateKbit }: ImpairmentSpec): Part {
  const ports = lanesOf(path, direction).map(({ out }) => out);
  const bucket = { kind: 'tbf', rateKbit, burstBytes: BURST_BYTES, latencyMs: LATENCY_MS } as const;
  return {
    name: 'tc tbf',
    lacks: async () =>
      (await tcLacks(path.nic, 'tbf')) ?? (match === 'all' ? undefined : await tcLacks(path.nic, 'htb')),
    changes: ports.map((port) => qdiscFor(port, match, path.tunnelPort, bucket)),
    async touched() {
      let slowed = 0;
      for (const port of ports) slowed += (await qdiscOf(port, handleFor(match)))?.overlimits ?? 0;
      return { 'held back': slowed };
    },
  };
}
