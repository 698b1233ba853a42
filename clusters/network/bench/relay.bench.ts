import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Benchmark, Figure } from '../../../harness/bench/benchmark.ts';
import { answers, medianOf } from '../../../harness/bench/timed.ts';
import { quantile } from '../../../harness/verdict/bounds.ts';
import { startProcess } from '../../embedded/process.ts';
import { programFile } from '../../programs/file.ts';
import { RelayReady, type RelaySettings } from '../userland/settings.ts';
import { startToxiproxy } from './toxiproxy.ts';
import { byTcp, byUdp, MESSAGE_BYTES, roundTrips, throughput, type Way } from './ways.ts';

const REPETITIONS = 5;
const THROUGHPUT_MS = 2_000;
/** As many as a collector has unacknowledged at once. */
const IN_FLIGHT = 32;
const ROUND_TRIPS = 5_000;
const READY_MS = 60_000;
const EchoReady = z.strictObject({ udp: z.int(), tcp: z.int() });

/** The relay of the process lab's links, datagram by datagram, against Toxiproxy, which carries streams. */
export const benchmark: Benchmark = {
  name: 'relay',
  rounds: 1,
  missing: async () =>
    (await answers(['go', 'version'])) ? undefined : 'there is no go to build Toxiproxy with',
  async round(signal) {
    const folder = await mkdtemp(join(tmpdir(), 'bench-'));
    const ends: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
    const program = async (what: string, argv: string[]) => {
      const log = join(folder, 'log');
      const started = await startProcess({ what, argv, log, deadlineMs: READY_MS, signal });
      ends.push(() => started.end());
      return started.said;
    };
    try {
      const echo = ['--import', 'tsx', join(import.meta.dirname, 'echo.ts')];
      const { tcp, udp } = EchoReady.parse(await program('the echo', echo));
      const config = join(folder, 'relay.json');
      const link = { cloudPort: udp, impairments: join(folder, 'i.json'), state: join(folder, 's.json') };
      await writeFile(config, JSON.stringify({ seed: 1, links: [link] } satisfies RelaySettings));
      const relay = [await programFile('edge-relay', folder), '--config', config];
      const [port = 0] = RelayReady.parse(await program('the relay', relay)).ports;
      const toxiproxy = await startToxiproxy(tcp, signal);
      ends.push(() => toxiproxy.end());
      return await figures(
        { direct: byUdp(udp), through: byUdp(port) },
        { direct: byTcp(tcp), through: byTcp(toxiproxy.port) },
        signal,
      );
    } finally {
      for (const end of ends.reverse()) await end();
    }
  },
};

interface Carried {
  direct: Way;
  through: Way;
}

async function figures(ours: Carried, theirs: Carried, signal: AbortSignal): Promise<Figure[]> {
  const measured = [];
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    signal.throwIfAborted();
    measured.push({ own: await measure(ours), other: await measure(theirs) });
  }
  const what = `${MESSAGE_BYTES} bytes, ${IN_FLIGHT} in flight`;
  return measured.flatMap(({ own, other }) => [
    {
      ...{ name: `throughput, ours / Toxiproxy’s (${what})`, value: own.rate / other.rate, unit: '×' },
      atLeast: 0.8,
    },
    { name: 'throughput, ours', value: own.rate, unit: '/s' },
    { name: 'throughput, Toxiproxy’s', value: other.rate, unit: '/s' },
    // A datagram is a system call, of whoever sends and gets it too; in a stream several messages are one.
    { name: 'throughput, UDP without a relay', value: own.directRate, unit: '/s' },
    { name: 'throughput, TCP without a proxy', value: other.directRate, unit: '/s' },
    {
      ...{ name: 'added to the round trip at p99, ours less Toxiproxy’s', value: own.p99 - other.p99 },
      ...{ unit: 'ms', goal: 0 },
    },
    { name: 'added to the round trip at p99, ours', value: own.p99, unit: 'ms' },
    { name: 'added to the round trip at p99, Toxiproxy’s', value: other.p99, unit: 'ms' },
    { name: 'added to the round trip at p50, ours', value: own.p50, unit: 'ms' },
    { name: 'added to the round trip at p50, Toxiproxy’s', value: other.p50, unit: 'ms' },
  ]);
}

interface Measured {
  /** Messages a second, through and without. */
  rate: number;
  directRate: number;
  /** Ms that a way through has more than the way without it. */
  p50: number;
  p99: number;
}

async function measure({ direct, through }: Carried): Promise<Measured> {
  const without = await roundTrips(direct, ROUND_TRIPS);
  const within = await roundTrips(through, ROUND_TRIPS);
  const p99 = (all: number[]) => quantile(all, 0.99) ?? Number.NaN;
  return {
    directRate: await throughput(direct, IN_FLIGHT, THROUGHPUT_MS),
    rate: await throughput(through, IN_FLIGHT, THROUGHPUT_MS),
    p50: medianOf(within) - medianOf(without),
    p99: p99(within) - p99(without),
  };
}
