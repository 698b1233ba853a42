import { connect } from 'node:net';
import type { Clock } from '../../../../harness/clock/clock.ts';
import type { Services } from '../../port.ts';
import { decode, encodeDatagram, encodeSegment, resetOf, type Segment } from '../stream/segment.ts';
import { Udp } from '../wire/udp.ts';
import { Joint } from './joint.ts';

/** How long an unused UDP flow keeps its socket. */
const FLOW_IDLE_MS = 60_000;

export interface CloudGateOptions {
  clock: Clock;
  stallMs: number;
  services: Services;
  /** Puts a packet on the way to the edge. */
  send(packet: Buffer): void;
}

/** A UDP client of the echo service, for one client at the edge. */
interface Flow {
  socket: Promise<Udp>;
  usedAt: number;
}

/** The other end of an edge gate: packets become connections and datagrams to the cloud's services. */
export class CloudGate {
  readonly #options: CloudGateOptions;
  readonly #joints = new Map<number, Joint>();
  readonly #flows = new Map<number, Flow>();
  #closed = false;

  constructor(options: CloudGateOptions) {
    this.#options = options;
  }

  /** A packet from the edge. */
  receive(bytes: Buffer): void {
    const packet = decode(bytes);
    if (packet?.kind === 'datagram') void this.#forward(packet.flow, packet.data);
    if (packet?.kind !== 'segment') return;
    const { segment, stream } = packet;
    const joint = this.#joints.get(stream);
    if (joint) joint.receive(segment);
    else if (segment.syn) this.#dial(stream);
    else if (!segment.rst) this.#transmit(stream, resetOf(segment));
  }

  close(): void {
    this.#closed = true;
    for (const joint of this.#joints.values()) joint.close();
    for (const flow of this.#flows.values()) void flow.socket.then((socket) => socket.close());
  }

  /** The stream is granted when the service has taken the connection, and reset when it has not. */
  #dial(stream: number): void {
    const { clock, services, stallMs } = this.#options;
    const socket = connect({ ...services.mqtt, allowHalfOpen: true });
    const joint = new Joint({
      role: 'server',
      socket,
      stallMs,
      clock,
      transmit: (segment) => this.#transmit(stream, segment),
      gone: () => this.#joints.delete(stream),
    });
    this.#joints.set(stream, joint);
    socket.once('connect', () => joint.open());
  }

  async #forward(port: number, data: Buffer): Promise<void> {
    const now = this.#options.clock.mono();
    let flow = this.#flows.get(port);
    if (!flow) {
      this.#dropIdle(now);
      flow = { socket: Udp.bind((answer) => this.#options.send(encodeDatagram(port, answer))), usedAt: now };
      this.#flows.set(port, flow);
    }
    flow.usedAt = now;
    const socket = await flow.socket;
    if (this.#closed) socket.close();
    socket.send(data, this.#options.services.echo.port);
  }

  #dropIdle(now: number): void {
    for (const [port, { socket, usedAt }] of this.#flows) {
      if (now - usedAt < FLOW_IDLE_MS) continue;
      this.#flows.delete(port);
      void socket.then((idle) => idle.close());
    }
  }

  #transmit(stream: number, segment: Segment): void {
    this.#options.send(encodeSegment(stream, segment));
  }
}
