import type { Socket } from 'node:net';
import type { Clock } from '../../../../harness/clock/clock.ts';
import { freePort } from '../../../../harness/exec/free-port.ts';
import type { Services } from '../../port.ts';
import { decode, encodeDatagram, encodeSegment, resetOf, type Segment } from '../stream/segment.ts';
import { LOOPBACK, Udp } from '../wire/udp.ts';
import { Door } from './door.ts';
import { Joint } from './joint.ts';

export interface EdgeGateOptions {
  clock: Clock;
  stallMs: number;
  /** First number of a stream; a later gate to the same cloud must not begin with one that is known there. */
  firstStream: number;
  /** Puts a packet on the way to the cloud. */
  send(packet: Buffer): void;
}

/** Of a stream that is none: a cloud that hears it answers with a reset. */
const QUESTION: Segment = {
  seq: 1,
  ack: undefined,
  window: 0,
  syn: false,
  fin: false,
  rst: false,
  data: Buffer.alloc(0),
};
/** How often it looks whether the cloud is still heard; and asks whether it is again, as a client would that retries. */
const LOOK_MS = 250;
const ASK_MS = 1_000;
/** After so long without an answer the cloud counts as out of reach: a lost SYN's first retry has had its time. */
const DEAF_AFTER_MS = 1_500;

/**
 * The cloud's services at an edge node: a TCP port and a UDP port on loopback, whose traffic becomes packets. The
 * kernel takes a connection before the cloud could be asked, so that a connect alone would succeed through a dead
 * tunnel. Therefore the TCP port is closed while nothing of what was sent is answered: a connect is refused then, where
 * in a real network it would time out.
 */
export class EdgeGate {
  readonly #options: EdgeGateOptions;
  readonly #joints = new Map<number, Joint>();
  readonly #door: Door;
  readonly #looking: NodeJS.Timeout;
  readonly #udp: Udp;
  #nextStream: number;
  #heardAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;

  private constructor(options: EdgeGateOptions, udp: Udp, port: number) {
    this.#options = options;
    this.#udp = udp;
    this.#nextStream = options.firstStream;
    this.#door = new Door(port, (socket) => this.#accept(socket));
    this.#looking = setInterval(() => this.#look(), LOOK_MS);
  }

  static async open(options: EdgeGateOptions): Promise<EdgeGate> {
    const udp = await Udp.bind((data, from) => options.send(encodeDatagram(from, data)));
    // While the door is closed the system gives its port to nobody.
    const gate = new EdgeGate(options, udp, await freePort());
    await gate.#door.open();
    return gate;
  }

  get services(): Services {
    return {
      mqtt: { host: LOOPBACK, port: this.#door.port },
      echo: { host: LOOPBACK, port: this.#udp.port },
    };
  }

  /** A packet from the cloud. */
  receive(bytes: Buffer): void {
    const packet = decode(bytes);
    if (!packet) return;
    this.#heardAt = this.#options.clock.mono();
    // Where another has taken the port meanwhile, the next packet tries again.
    if (!this.#door.isOpen) this.#door.open().catch(() => undefined);
    if (packet.kind === 'datagram') this.#udp.send(packet.data, packet.flow);
    if (packet.kind !== 'segment') return;
    const joint = this.#joints.get(packet.stream);
    if (joint) joint.receive(packet.segment);
    else if (!packet.segment.rst) this.#transmit(packet.stream, resetOf(packet.segment));
  }

  close(): void {
    clearInterval(this.#looking);
    this.#door.close();
    this.#udp.close();
    for (const joint of this.#joints.values()) joint.close();
  }

  #look(): void {
    const now = this.#options.clock.mono();
    if (this.#door.isOpen) {
      const waiting = [...this.#joints.values()].map(({ waitingSince }) => waitingSince ?? now);
      if (now - Math.max(this.#heardAt, Math.min(now, ...waiting)) >= DEAF_AFTER_MS) this.#door.close();
    } else if (now - this.#askedAt >= ASK_MS) {
      this.#askedAt = now;
      this.#transmit(this.#newStream(), QUESTION);
    }
  }

  #newStream(): number {
    const stream = this.#nextStream;
    this.#nextStream = (stream + 1) % 2 ** 32;
    return stream;
  }

  #accept(socket: Socket): void {
    const stream = this.#newStream();
    const joint = new Joint({
      role: 'client',
      socket,
      stallMs: this.#options.stallMs,
      clock: this.#options.clock,
      transmit: (segment) => this.#transmit(stream, segment),
      gone: () => this.#joints.delete(stream),
    });
    this.#joints.set(stream, joint);
    joint.open();
  }

  #transmit(stream: number, segment: Segment): void {
    this.#options.send(encodeSegment(stream, segment));
  }
}
