import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import type { Clock } from '../../../../harness/clock/clock.ts';
import { GrowingSet } from '../../ranges.ts';
import type { LedgerWriter } from '../ledger-writer.ts';
import { type Message, topicOf } from '../message.ts';
import type { CollectorOptions } from './options.ts';

/** How often it is looked whether a measurement is due: so often in the time between two, but no oftener than each `TICK_MS`. */
const LOOKS = 4;
const TICK_MS = 10;
/** How long the broker may take to part. */
const PART_MS = 1_000;

/**
 * A sensor that measures at a steady rate and publishes what it measured. Without a connection, measurements wait in
 * an offline store with a bound. Reconnecting, and sending again what the broker did not acknowledge, is mqtt.js's own.
 */
export class Publisher {
  readonly #options: CollectorOptions;
  readonly #clock: Clock;
  readonly #ledger: LedgerWriter;
  readonly #client: MqttClient;
  readonly #store: Message[] = [];
  readonly #attempted = new GrowingSet();
  readonly #acknowledged = new GrowingSet();
  readonly #dropped = new GrowingSet();
  readonly #timers: NodeJS.Timeout[];
  #measuring = true;
  /** Of the first connection: a sensor that has never reached the cloud is not installed yet. */
  #startedMono: number | undefined;
  #next = 0;
  #inFlight = 0;
  #reason = 'the connection was closed';
  #wasConnected = false;

  constructor(options: CollectorOptions, clock: Clock, ledger: LedgerWriter) {
    this.#options = options;
    this.#clock = clock;
    this.#ledger = ledger;
    this.#client = this.#connect();
    this.#timers = [
      setInterval(() => this.#tick(), Math.max(TICK_MS, 1_000 / options.rate / LOOKS)),
      setInterval(() => this.#account(), options.ledgerMs),
    ];
  }

  get connected(): boolean {
    return this.#client.connected;
  }

  /**
   * Measures no more, waits until everything is acknowledged or `drainMs` are over, and disconnects, within another second
   * whatever the broker does: what is known of the messages is in the ledger then, and its end.
   */
  async stop(drainMs: number): Promise<void> {
    this.#measuring = false;
    const until = this.#clock.mono() + drainMs;
    while (this.#store.length + this.#inFlight > 0 && this.#clock.mono() < until)
      await this.#clock.sleep(TICK_MS);
    for (const timer of this.#timers) clearInterval(timer);
    await this.#part();
    this.#account();
    this.#ledger.write({ type: 'collector.ended', publisher: this.#options.publisher });
  }

  async #part(): Promise<void> {
    const parted = new AbortController();
    // An orderly goodbye waits for acknowledgements: only where none is outstanding.
    const parting = this.#client
      .endAsync(!this.#client.connected || this.#inFlight > 0)
      .finally(() => parted.abort());
    // It waits for the broker’s own end of the connection too, which does not come through a cut.
    await this.#clock.sleep(PART_MS, parted.signal).catch(() => undefined);
    this.#client.stream.destroy();
    await parting;
  }

  #connect(): MqttClient {
    const { broker, connectTimeoutMs, keepaliveSeconds, protocol, publisher, reconnectMs } = this.#options;
    const options: IClientOptions = {
      host: broker.host,
      port: broker.port,
      protocol: 'mqtt',
      protocolVersion: protocol,
      clientId: publisher,
      clean: false,
      keepalive: keepaliveSeconds,
      connectTimeout: connectTimeoutMs,
      reconnectPeriod: reconnectMs,
      // The offline store here is the only one: mqtt.js's own has no bound.
      queueQoSZero: false,
      ...(protocol === 5 && {
        properties: { sessionExpiryInterval: this.#options.sessionExpirySeconds },
      }),
    };
    const client = mqtt.connect(options);
    client.on('error', ({ message }) => {
      this.#reason = message;
    });
    client.on('connect', ({ sessionPresent }) => {
      this.#wasConnected = true;
      this.#startedMono ??= this.#clock.mono();
      this.#ledger.write({ type: 'collector.connected', publisher, resumed: sessionPresent });
      this.#pump();
    });
    client.on('close', () => {
      // A connection attempt that failed closes too, and there was nothing to lose.
      if (!this.#wasConnected) return;
      this.#wasConnected = false;
      this.#account();
      this.#ledger.write({ type: 'collector.closed', publisher, reason: this.#reason });
      this.#reason = 'the connection was closed';
    });
    return client;
  }

  #tick(): void {
    if (this.#measuring && this.#startedMono !== undefined) this.#measure(this.#startedMono);
    this.#pump();
  }

  /** By the clock and not by the tick, so that a busy machine measures as often as an idle one. */
  #measure(startedMono: number): void {
    const due = Math.floor(((this.#clock.mono() - startedMono) * this.#options.rate) / 1_000);
    while (this.#next < due) {
      const { publisher } = this.#options;
      const message = { publisher, session: this.#ledger.epoch, seq: this.#next, at: this.#clock.wall() };
      this.#next += 1;
      this.#attempted.add(message.seq);
      if (this.#room() && this.#store.length === 0) this.#send(message);
      else this.#keep(message);
    }
  }

  #room(): boolean {
    return this.#client.connected && this.#inFlight < this.#options.inFlight;
  }

  #keep(message: Message): void {
    if (this.#store.length < this.#options.store) this.#store.push(message);
    else this.#dropped.add(message.seq);
  }

  #pump(): void {
    while (this.#room()) {
      const message = this.#store.shift();
      if (!message) return;
      this.#send(message);
    }
  }

  #send(message: Message): void {
    const { publisher, qos } = this.#options;
    this.#inFlight += 1;
    this.#client.publish(topicOf(publisher), JSON.stringify(message), { qos }, (error) => {
      this.#inFlight -= 1;
      if (error) this.#keep(message);
      else this.#acknowledged.add(message.seq);
    });
  }

  #account(): void {
    const { publisher } = this.#options;
    this.#ledger.write({
      type: 'collector.published',
      publisher,
      attempted: this.#attempted.drain(),
      acknowledged: this.#acknowledged.drain(),
      dropped: this.#dropped.drain(),
      stored: this.#store.length,
    });
  }
}
