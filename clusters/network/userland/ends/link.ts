/**
 * Both ends of one edge node's link, in one process, with real datagrams between them that go through the relay:
 *
 *   edge gates ── edge socket ── relay ── cloud socket ── cloud gates ── the cloud's services
 *
 * An end has one UDP socket, for the tunnel's messages and for the host's own packets, which have the same streams and
 * datagrams in them and no tunnel around.
 */
import { randomBytes } from 'node:crypto';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import type { JumpableRandomGenerator } from 'pure-rand/types/JumpableRandomGenerator';
import type { Clock } from '../../../../harness/clock/clock.ts';
import type { CloudServices, Services, TunnelSample } from '../../port.ts';
import { TunnelEnd } from '../tunnel/end.ts';
import { type KeyPair, newKeyPair } from '../tunnel/handshake.ts';
import { Alarm } from '../wire/alarm.ts';
import { type Traffic, unwrap, wrap } from '../wire/datagram.ts';
import { Udp } from '../wire/udp.ts';
import { CloudGate } from './cloud-gate.ts';
import { EdgeGate } from './edge-gate.ts';

export interface LinkOptions {
  services: CloudServices;
  stallMs: number;
  offload: boolean;
  keepaliveMs: number;
  random: JumpableRandomGenerator;
  clock: Clock;
}

/** What an end does with what its socket receives, by traffic. */
type Receivers = Record<Traffic, (payload: Buffer, from: number) => void>;

/** An end's socket, with its NIC's setting and its count of checksums that were wrong. */
class Port {
  offload: boolean;
  inCsumErrors = 0;
  #udp: Udp | undefined;

  constructor(offload: boolean) {
    this.offload = offload;
  }

  async bind(receivers: Receivers): Promise<void> {
    this.#udp = await Udp.bind((datagram, from) => {
      const opened = unwrap(datagram);
      if (opened === 'mismatch') this.inCsumErrors += 1;
      else if (opened) receivers[opened.traffic](opened.payload, from);
    });
  }

  get number(): number {
    return (this.#udp as Udp).port;
  }

  send(traffic: Traffic, payload: Buffer, to: number): void {
    this.#udp?.send(wrap(traffic, payload, this.offload), to);
  }

  close(): void {
    this.#udp?.close();
  }
}

export class Link {
  readonly #options: LinkOptions;
  readonly #keys: { edge: KeyPair; cloud: KeyPair; preshared: Buffer };
  readonly #edge: Port;
  readonly #cloud: Port;
  readonly #alarms: { edge: Alarm; cloud: Alarm };
  readonly #cloudGate: CloudGate;
  /** The cloud's gates of the host's own traffic, one for each source that it came from. */
  readonly #hostGates = new Map<number, CloudGate>();
  readonly #cloudTunnel: TunnelEnd;
  #edgeTunnel: TunnelEnd | undefined;
  #tunnelGate: EdgeGate | undefined;
  #hostGate: EdgeGate | undefined;
  #relayPort = 0;
  #keepaliveMs: number;
  /** Bytes of the tunnels that were taken down. */
  #before = { rx: 0, tx: 0 };

  private constructor(options: LinkOptions) {
    const { clock, services, stallMs } = options;
    this.#options = options;
    this.#keepaliveMs = options.keepaliveMs;
    this.#keys = { edge: newKeyPair(), cloud: newKeyPair(), preshared: randomBytes(32) };
    this.#edge = new Port(options.offload);
    this.#cloud = new Port(options.offload);
    this.#alarms = {
      edge: new Alarm(clock, () => this.#atEdge((tunnel, now) => tunnel.tick(now))),
      cloud: new Alarm(clock, () => this.#atCloud((tunnel, now) => tunnel.tick(now))),
    };
    this.#cloudGate = new CloudGate({
      clock,
      stallMs,
      services,
      send: (packet) => this.#atCloud((tunnel, now) => tunnel.send(packet, now)),
    });
    this.#cloudTunnel = new TunnelEnd({
      identity: { own: this.#keys.cloud, peer: this.#keys.edge.public, presharedKey: this.#keys.preshared },
      endpoint: undefined,
      random: apart(options.random),
      transmit: (message, to) => this.#cloud.send('tunnel', message, to),
      deliver: (packet) => this.#cloudGate.receive(packet),
    });
  }

  /** Binds both ends' sockets. */
  static async bind(options: LinkOptions): Promise<Link> {
    const link = new Link(options);
    await link.#cloud.bind({
      tunnel: (message, from) => link.#atCloud((tunnel, now) => tunnel.receive(message, from, now)),
      host: (packet, from) => link.#hostGateOf(from).receive(packet),
    });
    await link.#edge.bind({
      tunnel: (message, from) => link.#atEdge((tunnel, now) => tunnel.receive(message, from, now)),
      host: (packet) => link.#hostGate?.receive(packet),
    });
    return link;
  }

  /** Where the relay has to send what goes to the cloud. */
  get cloudPort(): number {
    return this.#cloud.number;
  }

  /** Brings the link up over the relay's port. */
  async up(relayPort: number): Promise<{ throughTunnel: Services; byHost: Services }> {
    const { clock, random, stallMs } = this.#options;
    this.#relayPort = relayPort;
    this.#startTunnel();
    this.#atCloud((tunnel, now) => tunnel.setKeepalive(this.#keepaliveMs, now));
    const gate = { clock, stallMs, firstStream: uniformInt(random, 0, 0x7fff_ffff) };
    this.#tunnelGate = await EdgeGate.open({
      ...gate,
      send: (packet) => this.#atEdge((tunnel, now) => tunnel.send(packet, now)),
    });
    this.#hostGate = await EdgeGate.open({
      ...gate,
      send: (packet) => this.#edge.send('host', packet, relayPort),
    });
    return { throughTunnel: this.#tunnelGate.services, byHost: this.#hostGate.services };
  }

  get offload(): boolean {
    return this.#edge.offload;
  }

  set offload(on: boolean) {
    this.#edge.offload = on;
    this.#cloud.offload = on;
  }

  setKeepalive(ms: number): void {
    this.#keepaliveMs = ms;
    this.#atEdge((tunnel, now) => tunnel.setKeepalive(ms, now));
    this.#atCloud((tunnel, now) => tunnel.setKeepalive(ms, now));
  }

  /** A new end with the old one's settings and none of its sessions. Streams know nothing of it. */
  restartTunnel(): void {
    this.#before.rx += this.#edgeTunnel?.rxBytes ?? 0;
    this.#before.tx += this.#edgeTunnel?.txBytes ?? 0;
    this.#startTunnel();
  }

  sample(): TunnelSample {
    const tunnel = this.#edgeTunnel;
    const doneAt = tunnel?.handshakeDoneAt;
    return {
      handshakeAgeMs: doneAt === undefined ? null : this.#options.clock.mono() - doneAt,
      rxBytes: this.#before.rx + (tunnel?.rxBytes ?? 0),
      txBytes: this.#before.tx + (tunnel?.txBytes ?? 0),
      inCsumErrors: this.#cloud.inCsumErrors,
    };
  }

  close(): void {
    this.#alarms.edge.clear();
    this.#alarms.cloud.clear();
    for (const gate of [this.#tunnelGate, this.#hostGate, this.#cloudGate, ...this.#hostGates.values()])
      gate?.close();
    this.#edge.close();
    this.#cloud.close();
  }

  #startTunnel(): void {
    this.#edgeTunnel = new TunnelEnd({
      identity: { own: this.#keys.edge, peer: this.#keys.cloud.public, presharedKey: this.#keys.preshared },
      endpoint: this.#relayPort,
      random: apart(this.#options.random),
      transmit: (message, to) => this.#edge.send('tunnel', message, to),
      deliver: (packet) => this.#tunnelGate?.receive(packet),
    });
    this.#atEdge((tunnel, now) => tunnel.setKeepalive(this.#keepaliveMs, now));
  }

  /** A NAT that forgot its mapping makes the host another source, whose connections nobody knows: as in a real one. */
  #hostGateOf(source: number): CloudGate {
    const known = this.#hostGates.get(source);
    if (known) return known;
    const { clock, stallMs } = this.#options;
    const services = { ...this.#options.services, echo: this.#options.services.hostEcho };
    const send = (packet: Buffer) => this.#cloud.send('host', packet, source);
    const gate = new CloudGate({ clock, stallMs, services, send });
    this.#hostGates.set(source, gate);
    return gate;
  }

  #atEdge(act: (tunnel: TunnelEnd, now: number) => void): void {
    if (!this.#edgeTunnel) return;
    act(this.#edgeTunnel, this.#options.clock.mono());
    this.#alarms.edge.set(this.#edgeTunnel.deadline);
  }

  #atCloud(act: (tunnel: TunnelEnd, now: number) => void): void {
    act(this.#cloudTunnel, this.#options.clock.mono());
    this.#alarms.cloud.set(this.#cloudTunnel.deadline);
  }
}

/** Random numbers of its own, so that how many one end draws does not change what another draws. */
function apart(random: JumpableRandomGenerator): JumpableRandomGenerator {
  const own = random.clone();
  random.jump();
  return own;
}
