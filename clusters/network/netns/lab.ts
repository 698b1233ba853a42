import { release } from 'node:os';
import { run } from '../../../harness/exec/exec.ts';
import type { UndoStack } from '../../../harness/run/undo.ts';
import type { EdgeNetwork, Hop, Services } from '../port.ts';
import { type Exec, ipBatch, namespaceHop, thisMachine } from './host.ts';
import { NetnsLink } from './link.ts';
import { type LabMark, namespaceName, newLabMark, scratchFolder, tunnelName } from './names.ts';
import { removeLab } from './remove.ts';
import { StandingCommand } from './standing.ts';
import {
  addPeer,
  type Backend,
  backendOf,
  makeTunnelEnd,
  newKeys,
  TUNNEL_PORT,
  type TunnelEnd,
} from './wireguard.ts';
import { cloudAddress, EDGE, edgeAddress, NIC_CLOUD, NIC_EDGE, type Wiring, wire } from './wiring.ts';

const MQTT_PORT = 1_883;
const ECHO_PORT = 7;
const CLOUD_IN_TUNNEL = '10.8.0.1';
const TUNNEL_NETWORK = '10.8.0.0/24';
/** The tunnel's network has 254 addresses, and the cloud has one. */
const MOST_NODES = 253;

export interface NetnsLabOptions {
  runId: string;
  /** Names of the edge nodes, a link each. */
  nodes: readonly string[];
  undo: UndoStack;
  signal?: AbortSignal;
  /** How commands are run; by this machine unless told. */
  exec?: Exec;
}

/**
 * Edge nodes and a cloud in network namespaces of this machine's kernel; takes root. Its undo is registered before
 * anything is made, and a failure half way leaves nothing.
 * @throws OrdealError NETWORK_LAB_COMMAND (exit 4) with the command that failed; the signal's reason when that aborts.
 */
export async function netnsLab(options: NetnsLabOptions): Promise<EdgeNetwork> {
  const { nodes, runId, signal, undo } = options;
  if (nodes.length > MOST_NODES) throw new RangeError(`${nodes.length} edge nodes: at most ${MOST_NODES}`);
  const mark = newLabMark(runId);
  const down = async () => void (await removeLab(mark));
  const exec = options.exec ?? thisMachine;
  const whileWanted: Exec = async (argv, more) => {
    signal?.throwIfAborted();
    return await exec(argv, more);
  };
  undo.push(`remove the network lab ${mark.id}`, down);
  try {
    const { cloud, links, backend } = await build(mark, nodes, whileWanted, exec);
    return {
      isolation: 'netns',
      evidence: 'real-kernel',
      versions: { kernel: release(), tunnel: await tunnelVersion(backend) },
      cloud: { listen: services('0.0.0.0'), hop: cloud },
      links,
      down,
    };
  } catch (error) {
    await down();
    throw error;
  }
}

/** The hops keep the plain `lasting` exec: a fault is healed through them also after the run was interrupted. */
async function build(mark: LabMark, nodes: readonly string[], exec: Exec, lasting: Exec) {
  const backend = await backendOf(exec);
  const tunnelEnd = async (namespace: string, end: string, address: string): Promise<TunnelEnd> => {
    const device = tunnelName(mark, end);
    const made = { namespace, device, address, scratch: scratchFolder(mark), ...newKeys() };
    await makeTunnelEnd(exec, backend, made);
    return made;
  };
  const cloud = namespaceName(mark, 'cloud');
  await ipBatch(exec, undefined, [['netns', 'add', cloud]]);
  await ipBatch(exec, cloud, [['link', 'set', 'lo', 'up']]);
  const cloudHop = namespaceHop('cloud', cloud, lasting);
  const cloudSnmp = new StandingCommand(cloudHop.enter, ['cat', '/proc/net/snmp']);
  const cloudEnd = await tunnelEnd(cloud, 'c', CLOUD_IN_TUNNEL);
  const links: NetnsLink[] = [];
  for (const [index, node] of nodes.entries()) {
    const wiring: Wiring = {
      edge: namespaceName(mark, `edge${index}`),
      nic: namespaceName(mark, `nic${index}`),
      cloud,
      cloudInterface: `c${index}`,
      subnet: index,
    };
    await wire(exec, wiring);
    const edgeEnd = await tunnelEnd(wiring.edge, String(index), `10.8.0.${index + 2}`);
    await join(exec, wiring, edgeEnd, cloudEnd);
    links.push(link(node, wiring, { edge: edgeEnd, cloud: cloudEnd }, cloudHop, cloudSnmp, lasting));
  }
  return { cloud: cloudHop, links, backend };
}

/** Makes the two ends each other's peers. */
async function join(exec: Exec, wiring: Wiring, edge: TunnelEnd, cloud: TunnelEnd): Promise<void> {
  await addPeer(exec, cloud, {
    publicKey: edge.publicKey,
    endpoint: `${edgeAddress(wiring)}:${TUNNEL_PORT}`,
    allowedIps: `${edge.address}/32`,
    keepaliveS: 0,
  });
  await addPeer(exec, edge, {
    publicKey: cloud.publicKey,
    endpoint: `${cloudAddress(wiring)}:${TUNNEL_PORT}`,
    allowedIps: TUNNEL_NETWORK,
    keepaliveS: 0,
  });
}

function link(
  node: string,
  wiring: Wiring,
  ends: { edge: TunnelEnd; cloud: TunnelEnd },
  cloud: Hop,
  cloudSnmp: StandingCommand,
  exec: Exec,
): NetnsLink {
  return new NetnsLink({
    node,
    cloudSnmp,
    ends,
    throughTunnel: services(ends.cloud.address),
    byHost: services(cloudAddress(wiring)),
    path: {
      kind: 'kernel',
      edge: namespaceHop(node, wiring.edge, exec),
      nic: namespaceHop(`NIC of ${node}`, wiring.nic, exec),
      cloud,
      interfaces: {
        edge: EDGE,
        nicEdge: NIC_EDGE,
        nicCloud: NIC_CLOUD,
        cloud: wiring.cloudInterface,
        tunnel: ends.edge.device,
        tunnelAtCloud: ends.cloud.device,
      },
      tunnelPort: TUNNEL_PORT,
    },
  });
}

function services(host: string): Services {
  return { mqtt: { host, port: MQTT_PORT }, echo: { host, port: ECHO_PORT } };
}

async function tunnelVersion(backend: Backend): Promise<string> {
  if (backend === 'kernel') return 'WireGuard of the kernel';
  const { stdout } = await run(['wireguard-go', '--version']);
  return stdout.split('\n')[0] ?? 'wireguard-go';
}
