import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { Clock } from '../../../../harness/clock/clock.ts';
import { messageOf } from '../../../../harness/errors/error.ts';
import { ReplacedFile, replaceFile } from '../../../replaced-file.ts';
import { type Impairment, Impairments, type RelayState } from '../../port.ts';
import {
  finishChecksum,
  flipBit,
  isLeftToNic,
  messageTypeOf,
  type Traffic,
  trafficOf,
} from '../wire/datagram.ts';
import { Udp } from '../wire/udp.ts';
import { fateOf, type Passing } from './fate.ts';
import { Lane } from './lane.ts';

export interface RelayOptions {
  /** The cloud's end of the link. */
  cloudPort: number;
  impairments: string;
  state: string;
  random: RandomGenerator;
  clock: Clock;
}

const LOOK_MS = 20;
const STATE_MS = 200;

/**
 * One link's NIC, path and NAT: finishes checksums, passes datagrams on under the impairments of its file, and has a
 * source port of its own towards the cloud for each kind of traffic.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #file: ReplacedFile<{ impairments: Impairment[] }>;
  readonly #lanes: Record<Passing['direction'], Lane>;
  readonly #touched = new Map<string, number>();
  /** Impairments whose rebind has happened. */
  readonly #rebound = new Set<string>();
  readonly #nat = new Map<Traffic, Udp>();
  #asked: readonly Impairment[] = [];
  #edge: Udp | undefined;
  /** Where the edge is: it has spoken from there. */
  #edgePort: number | undefined;
  #applied = '';
  #passed = 0;
  #writtenAt = Number.NEGATIVE_INFINITY;
  /** An impairment has touched its first datagram: whoever waits for its bite is told at once. */
  #news = false;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #closed = false;

  private constructor(options: RelayOptions) {
    this.#options = options;
    this.#file = new ReplacedFile(options.impairments, Impairments, { impairments: [] });
    this.#lanes = { 'to-cloud': new Lane(options.clock), 'to-edge': new Lane(options.clock) };
  }

  static async open(options: RelayOptions): Promise<Relay> {
    const relay = new Relay(options);
    relay.#edge = await Udp.bind((datagram, from) => {
      relay.#edgePort = from;
      relay.#pass('to-cloud', datagram);
    });
    for (const traffic of ['tunnel', 'host'] as const) await relay.#map(traffic);
    await relay.#look();
    relay.#again();
    return relay;
  }

  /** Where the edge has to send. */
  get port(): number {
    return (this.#edge as Udp).port;
  }

  /** Resolves when it writes nothing any more. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#looking;
    for (const lane of Object.values(this.#lanes)) lane.close();
    for (const socket of [this.#edge, ...this.#nat.values()]) socket?.close();
  }

  #again(): void {
    this.#timer = setTimeout(async () => {
      this.#looking = this.#look();
      await this.#looking;
      if (!this.#closed) this.#again();
    }, LOOK_MS);
  }

  /** A new source port towards the cloud; the one before is closed, and what comes for it is lost. */
  async #map(traffic: Traffic): Promise<void> {
    const socket = await Udp.bind((datagram) => this.#pass('to-edge', datagram));
    this.#nat.get(traffic)?.close();
    this.#nat.set(traffic, socket);
  }

  #inForce(): Impairment[] {
    const now = this.#options.clock.wall();
    return this.#asked.filter(({ untilWall }) => untilWall > now);
  }

  #pass(direction: Passing['direction'], datagram: Buffer): void {
    const traffic = trafficOf(datagram);
    if (!traffic) return;
    if (this.#asked.length === 0 && this.#lanes[direction].empty) {
      // Nothing to decide, and nobody to wait behind: most of a lab's life.
      if (isLeftToNic(datagram)) finishChecksum(datagram);
      this.#send(direction, traffic, datagram);
      return;
    }
    const { random } = this.#options;
    const passing: Passing = {
      direction,
      traffic,
      messageType: messageTypeOf(datagram),
      bytes: datagram.length,
      leftToNic: isLeftToNic(datagram),
    };
    const { copies, finish, rateKbit, touched } = fateOf(passing, this.#inForce(), random);
    for (const id of touched) this.#touch(id);
    if (finish) finishChecksum(datagram);
    for (const { delayMs, flipAt } of copies) {
      const copy = copies.length > 1 ? Buffer.from(datagram) : datagram;
      if (flipAt !== undefined) flipBit(copy, flipAt);
      this.#lanes[direction].pass(copy.length, delayMs, rateKbit, () => this.#send(direction, traffic, copy));
    }
  }

  #send(direction: Passing['direction'], traffic: Traffic, datagram: Buffer): void {
    this.#passed += 1;
    if (direction === 'to-cloud') this.#nat.get(traffic)?.send(datagram, this.#options.cloudPort);
    else if (this.#edgePort !== undefined) this.#edge?.send(datagram, this.#edgePort);
  }

  async #look(): Promise<void> {
    try {
      const wanted = this.#file.changed();
      if (wanted) this.#asked = wanted.impairments;
    } catch (error) {
      // What stands, stands until its deadline.
      process.stderr.write(`${this.#options.impairments}: ${messageOf(error)}\n`);
    }
    const inForce = this.#inForce();
    for (const impairment of inForce) if (impairment.rebind) await this.#rebind(impairment);
    const applied = JSON.stringify(inForce);
    const due = this.#news || this.#options.clock.mono() - this.#writtenAt >= STATE_MS;
    if (applied === this.#applied && !due) return;
    this.#applied = applied;
    await this.#write(inForce.map(({ id }) => id));
  }

  async #rebind(impairment: Impairment): Promise<void> {
    if (this.#rebound.has(impairment.id)) return;
    this.#rebound.add(impairment.id);
    await this.#map('tunnel');
    if (impairment.match === 'all') await this.#map('host');
    this.#touch(impairment.id);
  }

  #touch(id: string): void {
    const before = this.#touched.get(id);
    if (before === undefined) this.#news = true;
    this.#touched.set(id, (before ?? 0) + 1);
  }

  async #write(applied: string[]): Promise<void> {
    this.#writtenAt = this.#options.clock.mono();
    this.#news = false;
    const state: RelayState = { applied, passed: this.#passed, touched: Object.fromEntries(this.#touched) };
    await replaceFile(this.#options.state, state);
  }
}
