import type { CloudServices, Endpoint, Hop, KernelPath, Services } from '../port.ts';
import { NamespaceFiles } from './files.ts';
import { type Exec, type Host, must, namespaceHop } from './host.ts';
import { NetnsLink } from './link.ts';
import { StandingCommand } from './standing.ts';
import { askPeer } from './uapi.ts';
import {
  addPeer,
  type Backend,
  backendOf,
  makeTunnelEnd,
  newKeys,
  peerIn,
  TUNNEL_PORT,
  type TunnelEnd,
} from './wireguard.ts';

const MQTT_PORT = 1_883;
/** Every address of a host. */
const ANYWHERE = '0.0.0.0';
const ECHO_PORT = 7;
const HOST_ECHO_PORT = 1_007;
export const CLOUD_IN_TUNNEL = '10.8.0.1';
export const TUNNEL_NETWORK = '10.8.0.0/24';
/** The tunnel's network has 254 addresses, and the cloud has one. */
const MOST_NODES = 253;

/** An end of a cable: an interface in a namespace, with its address in the network below the tunnel. */
interface Plug {
  namespace: string;
  device: string;
  address: string;
}

/** A cable that is laid from an edge node through its NIC to the cloud. */
export interface Cable {
  node: string;
  edge: Plug & { reachedAt?: string | undefined };
  nic: { namespace: string; towardsEdge: string; towardsCloud: string };
  /** All cables of a lab end in one namespace. */
  cloud: Plug;
}

export interface TunnelsOptions {
  host: Host;
  /** `host.exec`, as long as the lab is wanted. */
  exec: Exec;
  cloud: string;
  /** The node of the cluster that the cloud is; left out where it is none. */
  cloudNode?: string;
  cables: readonly Cable[];
  /** What the tunnel's interface is called at the cloud, or at the edge of a cable by its number. */
  device(end: 'cloud' | number): string;
}

export interface LaidTunnels {
  cloud: Hop;
  ends: TunnelEnd[];
  /** Of what keeps the tunnels. */
  version: string;
  /** @param cloudForPods the cloud's address as pods have it; unless told, the tunnel's */
  links(cloudForPods?: string): NetnsLink[];
}

/** @throws RangeError for more edge nodes than a tunnel has addresses. */
export function refuseTooMany(nodes: number): void {
  if (nodes > MOST_NODES) throw new RangeError(`${nodes} edge nodes: at most ${MOST_NODES}`);
}

/**
 * Lays a tunnel over every cable; all have one end at the cloud. The hops keep the host's plain exec: a fault is healed
 * through them also after the run was interrupted.
 * @throws OrdealError NETWORK_LAB_COMMAND (exit 4).
 */
export async function layTunnels(options: TunnelsOptions): Promise<LaidTunnels> {
  const { cables, cloud, cloudNode, device, exec, host } = options;
  const backend = await backendOf(exec);
  const tunnelEnd = async (namespace: string, name: string, address: string): Promise<TunnelEnd> => {
    const made = { namespace, device: name, address, ...newKeys() };
    await makeTunnelEnd(exec, backend, made);
    return made;
  };
  const cloudHop = namespaceHop('cloud', cloud, host);
  const local = host.enter.length === 0;
  const cloudSnmp = snmpOf(cloudHop, local);
  const cloudEnd = await tunnelEnd(cloud, device('cloud'), CLOUD_IN_TUNNEL);
  const laid: { cable: Cable; edge: TunnelEnd }[] = [];
  for (const [index, cable] of cables.entries()) {
    const edge = await tunnelEnd(cable.edge.namespace, device(index), `10.8.0.${index + 2}`);
    await join(exec, cable, edge, cloudEnd);
    laid.push({ cable, edge });
  }
  return {
    cloud: cloudHop,
    ends: laid.map(({ edge }) => edge),
    version: await tunnelVersion(exec, backend),
    links: (cloudForPods = CLOUD_IN_TUNNEL) =>
      laid.map(({ cable, edge }) => {
        const path = pathOf(cable, { edge, cloud: cloudEnd }, { cloud: cloudHop, cloudNode }, host);
        return new NetnsLink({
          node: cable.node,
          cloudSnmp,
          peer: lookAt(cloudEnd, edge, path.edge, local && backend === 'wireguard-go'),
          ends: { edge, cloud: cloudEnd },
          throughTunnel: services(cloudForPods),
          byHost: { ...services(cable.cloud.address), echo: hostEcho(cable.cloud.address) },
          path,
        });
      }),
  };
}

function services(host: string): Services {
  return { mqtt: { host, port: MQTT_PORT }, echo: { host, port: ECHO_PORT } };
}

function hostEcho(host: string): Endpoint {
  return { host, port: HOST_ECHO_PORT };
}

/** Where the cloud listens: at all of its addresses, but for the tunnels' echo, where that has one that no other way leads to. */
export function cloudServices(echoAt = ANYWHERE): CloudServices {
  return { mqtt: services(ANYWHERE).mqtt, echo: services(echoAt).echo, hostEcho: hostEcho(ANYWHERE) };
}

/** Makes the two ends each other's peers. */
async function join(exec: Exec, cable: Cable, edge: TunnelEnd, cloud: TunnelEnd): Promise<void> {
  await addPeer(exec, cloud, {
    publicKey: edge.publicKey,
    endpoint: `${cable.edge.address}:${TUNNEL_PORT}`,
    allowedIps: `${edge.address}/32`,
    keepaliveS: 0,
  });
  await addPeer(exec, edge, {
    publicKey: cloud.publicKey,
    endpoint: `${cable.cloud.address}:${TUNNEL_PORT}`,
    allowedIps: TUNNEL_NETWORK,
    keepaliveS: 0,
  });
}

function snmpOf({ enter }: Hop, local: boolean): () => Promise<string> {
  if (local) {
    const files = new NamespaceFiles(enter);
    return () => files.read('snmp');
  }
  const snmp = new StandingCommand(enter, ['cat', '/proc/net/snmp']);
  return () => snmp.ask();
}

/**
 * A look at the cloud as the edge's end of the tunnel has it.
 * @param socket whether what keeps that end has one here: the kernel's WireGuard answers netlink alone, and a tunnel
 * elsewhere its own machine
 */
function lookAt(cloud: TunnelEnd, edge: TunnelEnd, { enter }: Hop, socket: boolean) {
  if (socket) return () => askPeer(edge.device, cloud.publicKey);
  const dump = new StandingCommand(enter, ['wg', 'show', edge.device, 'dump']);
  return async () => peerIn(await dump.ask(), cloud.publicKey);
}

function pathOf(
  { cloud: atCloud, edge, nic, node }: Cable,
  ends: { edge: TunnelEnd; cloud: TunnelEnd },
  at: Pick<KernelPath, 'cloud' | 'cloudNode'>,
  host: Host,
): KernelPath {
  return {
    kind: 'kernel',
    edge: { ...namespaceHop(node, edge.namespace, host), reachedAt: edge.reachedAt },
    nic: namespaceHop(`NIC of ${node}`, nic.namespace, host),
    ...at,
    interfaces: {
      edge: edge.device,
      nicEdge: nic.towardsEdge,
      nicCloud: nic.towardsCloud,
      cloud: atCloud.device,
      tunnel: ends.edge.device,
      tunnelAtCloud: ends.cloud.device,
    },
    tunnelPort: TUNNEL_PORT,
  };
}

async function tunnelVersion(exec: Exec, backend: Backend): Promise<string> {
  if (backend === 'kernel') return 'WireGuard of the kernel';
  const said = await must(exec, ['wireguard-go', '--version']);
  return said.split('\n')[0] ?? 'wireguard-go';
}
