import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Benchmark, Figure } from '../../../harness/bench/benchmark.ts';
import { childUse } from '../../../harness/bench/process-use.ts';
import { answers } from '../../../harness/bench/timed.ts';
import { quantile } from '../../../harness/verdict/bounds.ts';
import { startProcess } from '../../embedded/process.ts';
import { programFile } from '../../programs/file.ts';
import { RelayReady, type RelaySettings } from '../userland/settings.ts';
import { startToxiproxy } from './toxiproxy.ts';
import { byTcp, byTcpEach, byUdp, MESSAGE_BYTES, roundTrips, throughput, type Way } from './ways.ts';

const REPETITIONS = 5;
const THROUGHPUT_MS = 1_500;
/** As many as a collector has unacknowledged at once. */
const IN_FLIGHT = 32;
const ROUND_TRIPS = 5_000;
/** In which they are made, so many ways alternating. */
const TURNS = 10;
const READY_MS = 60_000;
const EchoReady = z.strictObject({ udp: z.int(), tcp: z.int() });

/** The relay of the process lab's links, datagram by datagram, against Toxiproxy, which carries streams. */
export const benchmark: Benchmark = {
  name: 'relay',
  rounds: 1,
  async missing() {
    if (process.platform !== 'linux') return 'processes are measured by /proc';
    return (await answers(['go', 'version'])) ? undefined : 'there is no go to build Toxiproxy with';
  },
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
      const inOneStream = { direct: byTcp(tcp), through: byTcp(toxiproxy.port) };
      const each = byTcpEach(toxiproxy.port, IN_FLIGHT);
      return await figures({ direct: byUdp(udp), through: byUdp(port) }, { ...inOneStream, each }, signal);
    } finally {
      for (const end of ends.reverse()) await end();
    }
  },
};

interface Carried {
  direct: Way;
  through: Way;
}

async function figures(
  ours: Carried,
  theirs: Carried & { each: Way },
  signal: AbortSignal,
): Promise<Figure[]> {
  const all: Figure[] = [];
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    signal.throwIfAborted();
    all.push(...(await throughputs(ours, theirs)), ...(await latencies(ours, theirs)));
  }
  return all;
}

/** What the processes of ours and of Toxiproxy have in their command lines. */
const RELAY = /edge-relay/;
const TOXIPROXY = /toxiproxy/;

async function throughputs(ours: Carried, theirs: Carried & { each: Way }): Promise<Figure[]> {
  const own = await carried(ours.through, RELAY);
  const each = await carried(theirs.each, TOXIPROXY);
  const stream = await carried(theirs.through, TOXIPROXY);
  const udp = await throughput(ours.direct, IN_FLIGHT, THROUGHPUT_MS);
  const tcp = await throughput(theirs.direct, IN_FLIGHT, THROUGHPUT_MS);
  const what = `${MESSAGE_BYTES} bytes, ${IN_FLIGHT} in flight`;
  const ratio = { unit: '×', atLeast: 0.8 };
  const rate = (whose: string, value: number) => ({ name: `throughput, ${whose}`, value, unit: '/s' });
  const cpu = (whose: string, value: number) => ({
    name: `processor time a message, ${whose}`,
    value,
    unit: 'µs',
  });
  return [
    {
      name: `throughput, ours / Toxiproxy’s, a message a packet (${what})`,
      value: own.rate / each.rate,
      ...ratio,
    },
    {
      name: `throughput, ours / Toxiproxy’s, all in one stream (${what})`,
      value: own.rate / stream.rate,
      ...ratio,
    },
    // As much as a relay of datagrams that costs nothing would have.
    {
      name: 'throughput, UDP without a relay / Toxiproxy’s, all in one stream',
      value: udp / stream.rate,
      unit: '×',
    },
    rate('ours', own.rate),
    rate('Toxiproxy’s, a message a packet', each.rate),
    rate('Toxiproxy’s, all in one stream', stream.rate),
    rate('UDP without a relay', udp),
    rate('TCP without a proxy, all in one stream', tcp),
    cpu('ours', own.cpuUs),
    cpu('Toxiproxy’s, a message a packet', each.cpuUs),
    cpu('Toxiproxy’s, all in one stream', stream.cpuUs),
  ];
}

/** Messages a second, and the microseconds that the process in between takes of each, there and back. */
async function carried(way: Way, by: RegExp): Promise<{ rate: number; cpuUs: number }> {
  const before = await childUse(by);
  const rate = await throughput(way, IN_FLIGHT, THROUGHPUT_MS);
  const { cpuS } = await childUse(by);
  return { rate, cpuUs: (1e6 * (cpuS - before.cpuS)) / ((rate * THROUGHPUT_MS) / 1_000) };
}

/** All ways take turns, so that what disturbs the machine for a while disturbs all of them alike. */
async function latencies(ours: Carried, theirs: Carried): Promise<Figure[]> {
  const trips = new Map<Way, number[]>(
    [ours.direct, ours.through, theirs.direct, theirs.through].map((way) => [way, []]),
  );
  for (let turn = 0; turn < TURNS; turn++)
    for (const [way, all] of trips) all.push(...(await roundTrips(way, ROUND_TRIPS / TURNS)));
  const at = (q: number, way: Way) => quantile(trips.get(way) ?? [], q) ?? Number.NaN;
  const added = ({ direct, through }: Carried, q: number) => at(q, through) - at(q, direct);
  const figure = (what: string, value: number) => ({
    name: `added to the round trip at ${what}`,
    value,
    unit: 'ms',
  });
  return [
    { ...figure('p99, ours less Toxiproxy’s', added(ours, 0.99) - added(theirs, 0.99)), goal: 0 },
    figure('p99, ours', added(ours, 0.99)),
    figure('p99, Toxiproxy’s', added(theirs, 0.99)),
    figure('p50, ours', added(ours, 0.5)),
    figure('p50, Toxiproxy’s', added(theirs, 0.5)),
  ];
}
