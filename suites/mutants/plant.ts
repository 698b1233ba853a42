import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { freePort } from '../../harness/exec/free-port.ts';
import type { History, Recorder } from '../../harness/history/event.ts';
import { memoryRecorder } from '../../harness/history/writer.ts';
import { Plan } from '../../harness/plan/schema.ts';
import type { EdgeEvents } from '../edge/events.ts';
import { Intake } from '../edge/intake.ts';
import { requirements } from '../edge/requirements.ts';
import { resolve } from '../edge/settings.ts';
import { type TcpProxy, tcpProxy, type UdpProxy, udpProxy } from '../edge/testing/loopback.ts';
import type { Broker, OnPayload } from '../edge/workload/cloud/broker.ts';
import { aedesBroker } from '../edge/workload/cloud/broker.ts';
import { startCloud } from '../edge/workload/cloud/cloud.ts';
import type { BrokerOptions } from '../edge/workload/cloud/options.ts';
import { startCollector } from '../edge/workload/collector/collector.ts';
import type { CollectorOptions } from '../edge/workload/collector/options.ts';
import type { EdgeLine } from '../edge/workload/ledger.ts';
import { LedgerWriter } from '../edge/workload/ledger-writer.ts';
import { startProber } from '../edge/workload/probe/prober.ts';
import { machineClock, type Program } from '../edge/workload/program.ts';
import type { Bench } from './subjects.ts';

const NODE = 'edge-1';
const FAULT = 'partition-1';
const SETTLED_MESSAGES = 20;
const INTERVAL_MS = 50;
/** Where one process is the whole plant, an answer may be late for want of a processor alone. */
const PROBE_TIMEOUT_MS = 2_000;
const LOOK_MS = 50;
const SAMPLE_MS = 200;
const DATAGRAM_BYTES = 64;
/** The fault, and what comes before and after it, in ms. */
const HOLD_MS = 3_000;
const CALM_MS = 2_000;

/** A small plant's ways to the cloud, which a broken part breaks. */
export interface Ways {
  /** The datagrams’ and the messages’ way by the tunnel, and the datagrams’ by the host’s network. */
  tunnel: UdpProxy;
  mqtt: TcpProxy;
  host: UdpProxy;
  sleep(ms: number): Promise<void>;
}

/** What of a plant is broken. Whatever is left out is as it should be. */
export interface Broken {
  /** In front of what the broker's door tells, before it acknowledges. */
  broker?: (tell: OnPayload) => OnPayload;
  collector?: Partial<CollectorOptions>;
  /** How the fault cuts the messages' way. */
  cut?: 'reset' | 'silent';
  /** What the ways do by themselves before the fault; the plant waits for it. */
  before?: (ways: Ways) => Promise<void>;
  /** The fault is not lifted when it should be, for so many ms. */
  deadForMs?: number;
  /** The host's way is cut with the tunnel's. */
  hostToo?: boolean;
  /** The probe of the tunnel goes by the host's network. */
  astray?: boolean;
  /** The prober hangs while the fault is there. */
  hangs?: boolean;
  /** The kubelet takes the pod for ready, whatever its probe says. */
  alwaysReady?: boolean;
  /** What reaches the record of each line of a ledger, by the program that wrote it. */
  lines?: (program: string, line: EdgeLine) => EdgeLine[];
}

/** The bench that a plant's day is judged by: thresholds as short as the day. */
export function plantBench(): Omit<Bench, 'sound'> {
  return {
    suite: { name: 'edge', requirements, scheduledFaults: () => [FAULT] },
    plan: resolve(
      Plan.parse({
        level: 'smoke',
        suites: [{ name: 'edge' }],
        requirements: {
          'EDGE-1': { threshold: 5 },
          'EDGE-3': { threshold: 2.8 },
          'EDGE-4': { threshold: 3 },
          'EDGE-5': { threshold: 2.5 },
        },
      }),
    ),
  };
}

/**
 * A day of a plant of one node on loopback, some seconds long: the suite's own collector, broker, echo and probers, a
 * tunnel that is cut once and mended, and what they wrote down. Only the orchestrator and the engine's own words are written by hand.
 */
export async function plantDay(broken: Broken = {}): Promise<History> {
  const recorder = memoryRecorder(machineClock);
  const plant = new Plant(recorder, broken);
  try {
    await plant.day();
  } finally {
    await plant.close();
  }
  recorder.record('harness', 'run.ended', { outcome: 'done' });
  return recorder.events;
}

class Plant {
  readonly #recorder: Recorder;
  readonly #broken: Broken;
  readonly #intake: Intake;
  readonly #ends: (() => Promise<void>)[] = [];
  readonly #watching = new AbortController();
  #received = 0;
  /** What the publisher keeps still, by its last word. */
  #stored = 0;
  /** The ways of which something is in the record. */
  readonly #probed = new Set<string>();
  #ready: boolean | undefined;

  constructor(recorder: Recorder, broken: Broken) {
    this.#recorder = recorder;
    this.#broken = broken;
    this.#intake = new Intake(recorder);
  }

  async day(): Promise<void> {
    const { astray = false, cut = 'reset', deadForMs = 0, hangs = false, hostToo = false } = this.#broken;
    this.#begin();
    const mqtt = await freePort();
    const echo = await freePort();
    const hostEcho = await freePort();
    await this.#start(() =>
      startCloud(
        {
          mqtt: { host: '127.0.0.1', port: mqtt },
          echo: { host: '127.0.0.1', port: echo },
          hostEcho: { host: '127.0.0.1', port: hostEcho },
          ...{ broker: 'aedes', folder: '', protocol: 4, lateMs: 60_000, ledgerMs: 50 },
        },
        machineClock,
        this.#ledger('cloud'),
        (options, hear) => this.#brokerFor(options, hear),
      ),
    );
    const ways: Ways = {
      tunnel: await udpProxy(echo),
      host: await udpProxy(hostEcho),
      mqtt: await tcpProxy(mqtt),
      sleep: systemClock.sleep,
    };
    this.#ends.push(async () => {
      ways.tunnel.close();
      ways.host.close();
      await ways.mqtt.close();
    });
    const httpPort = await freePort();
    await this.#start(async () =>
      startCollector(
        {
          publisher: NODE,
          broker: { host: '127.0.0.1', port: ways.mqtt.port },
          ...{ protocol: 4, qos: 1, rate: 20, store: 10_000, inFlight: 200, keepaliveSeconds: 5 },
          ...{ connectTimeoutMs: 5_000, reconnectMs: 50, sessionExpirySeconds: 60, ledgerMs: 50 },
          tcpPort: await freePort(),
          httpPort,
          ...this.#broken.collector,
        },
        machineClock,
        this.#ledger('collector'),
      ),
    );
    const probe = (path: 'tunnel' | 'host', port: number, run = 1) =>
      this.#start(() =>
        startProber(
          {
            ...{ node: NODE, path, intervalMs: INTERVAL_MS, timeoutMs: PROBE_TIMEOUT_MS },
            target: { host: '127.0.0.1', port },
          },
          machineClock,
          this.#ledger(`probe-${path}${run > 1 ? `-${run}` : ''}`),
        ),
      );
    await probe('host', ways.host.port);
    const byTunnel = astray ? ways.host.port : ways.tunnel.port;
    const prober = await probe('tunnel', byTunnel);
    this.#watch(httpPort, ways.tunnel);
    await waitFor(
      () => this.#received >= SETTLED_MESSAGES && this.#probed.size === 2 && this.#ready === true,
      {
        what: 'messages and probes arriving',
        deadlineMs: 60_000,
        intervalMs: LOOK_MS,
      },
    );
    this.#engine('steady.reached', { suite: 'edge', measured: {} });
    await systemClock.sleep(CALM_MS / 2);
    await this.#broken.before?.(ways);

    const fault = { fault: FAULT, kind: 'network/partition', target: 'link', mechanism: 'proxy' };
    this.#say('fault.planned', {
      ...{ fault: FAULT, kind: fault.kind, node: NODE, cuts: true, host: false, holdMs: HOLD_MS },
    });
    this.#engine('fault.injecting', fault);
    if (hangs) await prober();
    ways.tunnel.cut();
    if (hostToo) ways.host.cut();
    ways.mqtt.cut(cut);
    this.#engine('fault.injected', { ...fault, detail: null });
    await systemClock.sleep(HOLD_MS / 2);
    this.#engine('fault.bit', { fault: FAULT, bit: true, evidence: 'the proxies pass nothing' });
    await systemClock.sleep(HOLD_MS / 2);
    this.#engine('fault.healing', { fault: FAULT });
    if (deadForMs === 0) {
      ways.tunnel.mend();
      ways.mqtt.mend();
    }
    ways.host.mend();
    this.#engine('fault.healed', { fault: FAULT, healed: true, evidence: 'the proxies pass all' });
    if (deadForMs > 0) {
      await systemClock.sleep(deadForMs);
      ways.tunnel.mend();
      ways.mqtt.mend();
    }
    if (hangs) await probe('tunnel', byTunnel, 2);
    await systemClock.sleep(CALM_MS / 2);
    await systemClock.sleep(CALM_MS);
    this.#say('publishing.cutoff', {});
    await systemClock.sleep(CALM_MS / 4);
    // One that does not say so is for the judge.
    await waitFor(() => this.#stored === 0, {
      ...{ what: 'what was kept being sent', deadlineMs: 15_000, intervalMs: LOOK_MS },
    }).catch(() => undefined);
    this.#say('observation.ended', {});
    await systemClock.sleep(CALM_MS);
  }

  async close(): Promise<void> {
    this.#watching.abort();
    for (let end = this.#ends.pop(); end; end = this.#ends.pop()) await end();
  }

  #begin(): void {
    this.#engine('run.started', {
      ...{ runId: 'plant', ordeal: '0.1.0', seed: 1, profile: 'hardened', level: 'smoke' },
      replay: 'npm run mutants',
    });
    this.#engine('cluster.up', {
      ...{ name: 'plant', provider: 'embedded', versions: {}, evidence: 'modelled', nodes: [NODE] },
    });
    this.#say('network.up', { isolation: 'process', evidence: 'modelled', versions: {}, nodes: [NODE] });
  }

  #brokerFor({ mqtt }: BrokerOptions, hear: OnPayload): Broker {
    const counted: OnPayload = (payload) => {
      this.#received += 1;
      hear(payload);
    };
    return aedesBroker(mqtt, this.#broken.broker?.(counted) ?? counted);
  }

  /** Its end, which comes once: early by whoever called, or with the day's. */
  async #start(start: () => Promise<Program>): Promise<() => Promise<void>> {
    const program = await start();
    let ended: Promise<void> | undefined;
    const end = () => {
      ended ??= program.stop();
      return ended;
    };
    this.#ends.push(end);
    return end;
  }

  #ledger(program: string): LedgerWriter {
    const { lines = (_program: string, line: EdgeLine) => [line] } = this.#broken;
    return new LedgerWriter(program, machineClock, (text) => {
      const line = JSON.parse(text) as EdgeLine;
      if (line.type === 'collector.published') this.#stored = line.stored;
      if (line.type === 'probe.run') this.#probed.add(line.path);
      for (const each of lines(program, line)) this.#intake.take(program, JSON.stringify(each));
    });
  }

  /** What the kubelet's readinessProbe sees, and what the tunnel gets. */
  #watch(httpPort: number, tunnel: UdpProxy): void {
    const { signal } = this.#watching;
    const look = async () => {
      const up = await fetch(`http://127.0.0.1:${httpPort}/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
      const ready = up || (this.#broken.alwaysReady === true && this.#ready === true);
      if (signal.aborted || ready === this.#ready) return;
      this.#ready = ready;
      this.#say('collector.seen', {
        ...{ uid: 'uid-1', namespace: 'n', name: 'collector', node: NODE, phase: 'Running' },
        ...{ ready, restarts: 0, gone: false },
      });
    };
    const sample = () => {
      const rxBytes = tunnel.answers * DATAGRAM_BYTES;
      this.#say('tunnel.sample', {
        ...{ node: NODE, handshakeAgeMs: 0, rxBytes, txBytes: rxBytes, inCsumErrors: 0 },
      });
    };
    const every = async (ms: number, what: () => void | Promise<void>) => {
      while (!signal.aborted) {
        await what();
        await systemClock.sleep(ms, signal).catch(() => undefined);
      }
    };
    const watching = Promise.all([every(LOOK_MS, look), every(SAMPLE_MS, sample)]);
    this.#ends.push(async () => void (await watching));
  }

  #engine(type: string, body: object): void {
    this.#recorder.record('harness', type, body);
  }

  #say<Type extends keyof EdgeEvents>(type: Type, body: EdgeEvents[Type]): void {
    this.#recorder.record('suite/edge', type, body);
  }
}
