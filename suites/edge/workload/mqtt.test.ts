import { connect } from 'node:net';
import { expect } from 'chai';
import mqtt from 'mqtt';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { freePort } from '../../../harness/exec/free-port.ts';
import { joinLedgers } from '../delivery.ts';
import { size, subtract, union } from '../ranges.ts';
import { Ledgers } from '../testing/ledger.ts';
import { type TcpProxy, tcpProxy } from '../testing/loopback.ts';
import { startCloud } from './cloud/cloud.ts';
import { startCollector } from './collector/collector.ts';
import type { CollectorOptions } from './collector/options.ts';
import { machineClock, type Program } from './program.ts';

/** No grace runs out here: a busy machine may take longer over what is left than a pod may. */
const DRAIN_MS = 8_000;

/** A cloud, a way to it that can be cut, and a collector, all on loopback. */
class Bench {
  readonly ledgers = new Ledgers();
  readonly #ends: (() => Promise<void>)[] = [];
  cloud!: Program;
  way!: TcpProxy;
  brokerPort = 0;
  httpPort = 0;
  tcpPort = 0;

  /** @param drainMs how long the collector may take over what is left when it ends */
  async open(more: Partial<CollectorOptions> = {}, drainMs = DRAIN_MS): Promise<void> {
    this.brokerPort = await freePort();
    this.cloud = await startCloud(
      {
        mqtt: { host: '127.0.0.1', port: this.brokerPort },
        echo: { host: '127.0.0.1', port: await freePort() },
        hostEcho: { host: '127.0.0.1', port: await freePort() },
        broker: 'aedes',
        folder: '',
        protocol: 4,
        lateMs: 60_000,
        ledgerMs: 50,
      },
      machineClock,
      this.ledgers.of('cloud'),
    );
    this.#ends.push(() => this.cloud.stop());
    this.way = await tcpProxy(this.brokerPort);
    this.#ends.push(() => this.way.close());
    this.tcpPort = await freePort();
    this.httpPort = await freePort();
    const collector = await startCollector(
      {
        publisher: 'edge-1',
        broker: { host: '127.0.0.1', port: this.way.port },
        protocol: 4,
        qos: 1,
        rate: 200,
        store: 10_000,
        inFlight: 20,
        // Longer than a busy machine stands still: a connection that nobody cuts stands.
        keepaliveSeconds: 60,
        connectTimeoutMs: 5_000,
        reconnectMs: 50,
        sessionExpirySeconds: 60,
        ledgerMs: 50,
        tcpPort: this.tcpPort,
        httpPort: this.httpPort,
        ...more,
      },
      machineClock,
      this.ledgers.of('session'),
      drainMs,
    );
    this.#ends.push(() => collector.stop());
  }

  /** Ends the collector alone. */
  async endCollector(): Promise<void> {
    await this.#ends.pop()?.();
  }

  /** Ends the collector and, once what was on its way has come, the cloud: both ledgers are whole afterwards. */
  async finish(): Promise<void> {
    await this.endCollector();
    const onTheWay = () => subtract(this.delivery.acknowledged, this.delivery.received);
    await this.until('what is on its way to come', () => size(onTheWay()) === 0);
    await this.close();
  }

  /** Ends the collector, then the cloud. */
  async close(): Promise<void> {
    for (let end = this.#ends.pop(); end; end = this.#ends.pop()) await end();
  }

  get delivery() {
    const [delivery] = joinLedgers(this.ledgers.recorder.events, ['edge-1']).deliveries;
    if (!delivery) throw new Error('no publisher has started');
    return delivery;
  }

  async until(what: string, probe: () => boolean): Promise<void> {
    await waitFor(probe, { what, deadlineMs: 10_000, intervalMs: 10 });
  }

  async received(more: number): Promise<void> {
    const from = size(this.delivery.received);
    await this.until(`${more} more messages`, () => size(this.delivery.received) >= from + more);
  }

  /** Ends the connection; until the collector has noticed. */
  async lose(by: () => void | Promise<void> | undefined): Promise<void> {
    const closed = () => this.ledgers.bodies('ledger.collector.closed').length;
    const before = closed();
    await by();
    await this.until('the loss of the connection', () => closed() > before);
  }

  async connections(count: number): Promise<void> {
    await this.until(
      `${count} connections`,
      () => this.ledgers.bodies('ledger.collector.connected').length >= count,
    );
  }

  async ready(): Promise<number> {
    return (await fetch(`http://127.0.0.1:${this.httpPort}/ready`)).status;
  }
}

describe('a part of the cloud', () => {
  it('serves what it is told to and names no other way, so that two of them are one cloud', async () => {
    const ledgers = new Ledgers();
    const more = { broker: 'aedes', folder: '', protocol: 4, lateMs: 60_000, ledgerMs: 50 } as const;
    const at = async () => ({ host: '127.0.0.1', port: await freePort() });
    const options = [{ mqtt: await at(), echo: await at() }, { hostEcho: await at() }];
    const parts: Program[] = [];
    for (const [index, part] of options.entries())
      parts.push(await startCloud({ ...part, ...more }, machineClock, ledgers.of(`part-${index}`)));
    await Promise.all(parts.map((part) => part.stop()));
    expect(
      ledgers.bodies('ledger.cloud.started').map(({ broker, echoes }) => [broker, echoes]),
    ).to.deep.equal([
      ['aedes 1.2.0', ['tunnel']],
      ['none', ['host']],
    ]);
    expect(ledgers.bodies('ledger.cloud.broker').map(({ epoch }) => epoch)).to.deep.equal(['part-0']);
    expect(ledgers.bodies('ledger.cloud.ended')).to.have.length(2);
  });
});

describe('collector and cloud', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });
  afterEach(() => bench.close());

  for (const qos of [0, 1, 2] as const) {
    it(`delivers every message once over a good way with QoS ${qos}`, async () => {
      await bench.open({ qos });
      await bench.received(100);
      await bench.finish();
      const { acknowledged, attempted, duplicates, received, reordered } = bench.delivery;
      expect(subtract(attempted, received)).to.deep.equal([]);
      expect(acknowledged).to.deep.equal(attempted);
      expect({ duplicates, reordered }).to.deep.equal({ duplicates: 0, reordered: 0 });
      expect(joinLedgers(bench.ledgers.recorder.events, ['edge-1']).doubts).to.deep.equal([
        'the end of publishing was not recorded',
      ]);
    });
  }

  for (const how of ['reset', 'silent'] as const) {
    it(`holds back what it measures while the way is cut (${how}), and loses nothing`, async () => {
      // Nothing but the keepalive tells of a silent cut.
      await bench.open({ keepaliveSeconds: how === 'silent' ? 1 : 60 });
      await bench.received(20);
      await bench.lose(() => bench.way.cut(how));
      await bench.until('fifty held back', () => {
        return bench.ledgers.bodies('ledger.collector.published').some(({ stored }) => stored >= 50);
      });
      bench.way.mend();
      await bench.received(100);
      await bench.finish();
      const { attempted, dropped, received } = bench.delivery;
      expect(subtract(attempted, received)).to.deep.equal([]);
      expect(dropped).to.deep.equal([]);
    });
  }

  for (const [left, options] of [
    ['nothing', { qos: 1, rate: 1 }],
    ['what QoS 0 acknowledges by itself', { qos: 0 }],
    ['messages on their way', { qos: 1 }],
  ] as const) {
    it(`ends when it is told to, and its ledger too, while the way is silently cut: left is ${left}`, async () => {
      await bench.open(options, 200);
      await bench.until('a message to be acknowledged', () => size(bench.delivery.acknowledged) > 0);
      bench.way.cut('silent');
      if (left === 'messages on their way')
        await bench.until('some to be on their way', () => {
          return bench.ledgers.bodies('ledger.collector.published').some(({ stored }) => stored > 0);
        });
      await bench.endCollector();
      expect(bench.ledgers.bodies('ledger.collector.ended')).to.have.length(1);
      const { acknowledged, attempted, dropped } = bench.delivery;
      expect(subtract(acknowledged, attempted)).to.deep.equal([]);
      expect(dropped).to.deep.equal([]);
      const ended = bench.ledgers.recorder.events.findIndex(({ type }) => type === 'ledger.collector.ended');
      const after = bench.ledgers.recorder.events.slice(ended + 1).map(({ source }) => source);
      expect(after, 'what it wrote after its end').to.not.include('session');
    });
  }

  it('drops and counts what its store has no room for', async () => {
    await bench.open({ store: 5 });
    await bench.received(20);
    await bench.lose(() => bench.way.cut('reset'));
    // A busy machine has dropped some before: what was due in a stall is more than there is room for at once.
    const before = size(bench.delivery.dropped);
    await bench.until('fifty dropped', () => size(bench.delivery.dropped) >= before + 50);
    expect(bench.ledgers.bodies('ledger.collector.published').at(-1)?.stored).to.equal(5);
    bench.way.mend();
    await bench.received(20);
    await bench.finish();
    const { attempted, dropped, received } = bench.delivery;
    expect(subtract(attempted, received)).to.deep.equal(dropped);
    expect(union(received, dropped)).to.deep.equal(attempted);
  });

  it('loses nothing over a restart of the broker, which keeps its sessions', async () => {
    await bench.open();
    await bench.received(20);
    await bench.lose(() => bench.cloud.order?.('{"broker":"down"}'));
    await bench.cloud.order?.('{"broker":"up"}');
    await bench.received(100);
    await bench.finish();
    const { attempted, received } = bench.delivery;
    expect(subtract(attempted, received)).to.deep.equal([]);
    expect(bench.ledgers.bodies('ledger.cloud.broker').map(({ up }) => up)).to.deep.equal([
      true,
      false,
      true,
    ]);
  });

  it('is ready while it is connected, and alive all the time', async () => {
    await bench.open();
    await bench.connections(1);
    expect(await bench.ready()).to.equal(200);
    await bench.lose(() => bench.way.cut('reset'));
    expect(await bench.ready()).to.equal(503);
    const alive = connect(bench.tcpPort, '127.0.0.1');
    await new Promise<void>((resolve, reject) => {
      alive.once('connect', resolve).once('error', reject);
    });
    alive.destroy();
    bench.way.mend();
    await bench.connections(2);
    expect(await bench.ready()).to.equal(200);
  });

  it('counts what is under its topic and is not ours', async () => {
    await bench.open();
    const stranger = await mqtt.connectAsync(`mqtt://127.0.0.1:${bench.brokerPort}`);
    await stranger.publishAsync('plant/edge-1/sensor', 'hello', { qos: 1 });
    await stranger.endAsync();
    await bench.until('it to be counted', () => {
      return bench.ledgers.bodies('ledger.cloud.unexpected').length === 1;
    });
  });
});
