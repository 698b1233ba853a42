import { systemClock } from '../../../harness/clock/clock.ts';
import { EXIT, OrdealError } from '../../../harness/errors/error.ts';
import { snmpFigure } from '../../../harness/exec/snmp.ts';
import type { EdgeLink, Hop, KernelPath, Services, TunnelSample } from '../port.ts';
import { must } from './host.ts';
import type { PeerTraffic } from './uapi.ts';
import { forgetSession, type PeerState, peerIn, type TunnelEnd } from './wireguard.ts';

interface LinkFacts {
  /** Reads `/proc/net/snmp` of the cloud, which all links of a lab share. */
  cloudSnmp(): Promise<string>;
  /** Looks at the cloud as the edge's end of the tunnel has it. */
  peer(): Promise<PeerTraffic | undefined>;
  node: string;
  path: KernelPath;
  throughTunnel: Services;
  byHost: Services;
  ends: { edge: TunnelEnd; cloud: TunnelEnd };
}

/** A link of the netns lab that is up. */
export class NetnsLink implements EdgeLink {
  readonly node: string;
  readonly path: KernelPath;
  readonly throughTunnel: Services;
  readonly byHost: Services;
  readonly #ends: LinkFacts['ends'];
  readonly #cloudSnmp: LinkFacts['cloudSnmp'];
  readonly #look: LinkFacts['peer'];
  /** What was carried before the tunnel's last restart. */
  readonly #before = { rxBytes: 0, txBytes: 0 };

  constructor({ node, path, throughTunnel, byHost, ends, cloudSnmp, peer }: LinkFacts) {
    this.node = node;
    this.path = path;
    this.throughTunnel = throughTunnel;
    this.byHost = byHost;
    this.#ends = ends;
    this.#cloudSnmp = cloudSnmp;
    this.#look = peer;
  }

  async setOffload(on: boolean): Promise<void> {
    const { cloud, edge, interfaces } = this.path;
    const command = (device: string) => ['ethtool', '-K', device, 'tx', on ? 'on' : 'off'];
    await must(edge.exec, command(interfaces.edge));
    await must(cloud.exec, command(interfaces.cloud));
  }

  async offload(): Promise<boolean> {
    const { edge, interfaces } = this.path;
    return /^tx-checksumming: on/m.test(await must(edge.exec, ['ethtool', '-k', interfaces.edge]));
  }

  async setKeepalive(seconds: number): Promise<void> {
    const { cloud, edge } = this.#ends;
    const set = (hop: Hop, end: TunnelEnd, peer: TunnelEnd) =>
      must(hop.exec, [
        ...['wg', 'set', end.device, 'peer', peer.publicKey],
        ...['persistent-keepalive', String(seconds)],
      ]);
    await set(this.path.edge, edge, cloud);
    await set(this.path.cloud, cloud, edge);
  }

  async restartTunnel(): Promise<void> {
    const { device } = this.#ends.edge;
    const { exec } = this.path.edge;
    await must(exec, ['ip', 'link', 'set', device, 'down']);
    try {
      const peer = await this.#peer();
      await must(exec, ['wg', 'set', device, ...forgetSession(peer)]);
      // A peer that is made anew counts from 0.
      this.#before.rxBytes += peer.rxBytes;
      this.#before.txBytes += peer.txBytes;
    } finally {
      await must(exec, ['ip', 'link', 'set', device, 'up']);
    }
  }

  /** The cloud's kernel counts InCsumErrors for its whole namespace: the figure is shared by all links of the lab. */
  async sample(): Promise<TunnelSample> {
    const [peer, snmp] = await Promise.all([this.#look(), this.#cloudSnmp()]);
    const { handshakeS, rxBytes, txBytes } = this.#known(peer);
    return {
      // wg tells the time of a handshake in whole seconds.
      handshakeAgeMs: handshakeS === 0 ? null : Math.max(0, systemClock.wall() - handshakeS * 1_000),
      rxBytes: this.#before.rxBytes + rxBytes,
      txBytes: this.#before.txBytes + txBytes,
      inCsumErrors: snmpFigure(snmp, 'Udp', 'InCsumErrors'),
    };
  }

  async #peer(): Promise<PeerState> {
    const { edge } = this.#ends;
    const dump = await must(this.path.edge.exec, ['wg', 'show', edge.device, 'dump']);
    return this.#known(peerIn(dump, this.#ends.cloud.publicKey));
  }

  #known<Seen>(peer: Seen | undefined): Seen {
    if (peer) return peer;
    const { edge } = this.#ends;
    throw new OrdealError({
      code: 'TUNNEL_PEER_MISSING',
      exit: EXIT.unable,
      tried: `looking at the tunnel ${edge.device} of ${this.node}`,
      seen: 'the cloud is not among its peers',
      todo: 'something else took the peer away: let nobody but the lab set up its tunnels',
    });
  }
}
