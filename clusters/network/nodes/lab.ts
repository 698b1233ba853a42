import { release } from 'node:os';
import { EXIT, messageOf, OrdealError } from '../../../harness/errors/error.ts';
import type { UndoStack } from '../../../harness/run/undo.ts';
import { type Exec, must } from '../netns/host.ts';
import { newLabMark } from '../netns/names.ts';
import { type Cable, cloudServices, layTunnels, refuseTooMany, TUNNEL_NETWORK } from '../netns/tunnels.ts';
import type { TunnelEnd } from '../netns/wireguard.ts';
import { NIC_CLOUD, NIC_EDGE, sendFramesAsDatagrams, setFeatures } from '../netns/wiring.ts';
import type { EdgeNetwork } from '../port.ts';
import { Bump, interfaceAt, NODE_INTERFACE } from './bump.ts';
import { type Interface, ipv4Of } from './interface.ts';
import { Keeper } from './keeper.ts';

const CLOUD = 'cloud';
/** Our nft table in an edge node's namespace. */
const TABLE = 'ordeal_tunnel';

/** A node, and the container that it is. */
export interface NodeContainer {
  name: string;
  container: string;
}

/** A node whose container has its name. */
export function nodeContainer(name: string): NodeContainer {
  return { name, container: name };
}

export interface NodesLabOptions {
  runId: string;
  /** Its interface is left where it is. */
  cloud: NodeContainer;
  /** A link each. */
  edges: readonly NodeContainer[];
  /** The toolbox image, by its name in Docker. */
  image: string;
  /**
   * Whether a pod network of the cluster's own leads over the tunnel. Unless told, pods go to the cloud's address in the
   * tunnel, and speak there by their node's.
   */
  podNetworkOverTunnel?: boolean;
  undo: UndoStack;
  signal?: AbortSignal;
}

/** Links that are laid. */
export interface NodesNetwork {
  /** @param podInterface of the cloud in a pod network over the tunnel: pods reach it there, else by the tunnel's own */
  network(podInterface?: string): Promise<EdgeNetwork>;
}

/** The tunnel's interface at the cloud, or at an edge by its number: what a pod network over the tunnel is told. */
export function tunnelDevice(end: 'cloud' | number): string {
  return end === 'cloud' ? 'wg-cloud' : `wg-edge${end}`;
}

/**
 * Links between nodes that are Docker containers: a NIC of each edge node as a bump in its wire, and a tunnel from it to the
 * cloud's node. Made and kept by a container of its own. The undo is registered before anything is made and gives the nodes
 * their interfaces back; a failure half way does so at once. Where the keeper is killed, the NICs and tunnels go with it,
 * and the edge nodes are without a network.
 * @throws OrdealError NETWORK_KEEPER_FAILED, NETWORK_LAB_COMMAND, NETWORK_LAB_STUCK (exit 4); the signal's reason when that aborts.
 */
export async function nodesLab(options: NodesLabOptions): Promise<NodesNetwork> {
  const { edges, runId, signal, undo } = options;
  refuseTooMany(edges.length);
  const mark = newLabMark(runId);
  const lab = new NodesLab(new Keeper(mark), options);
  undo.push(`take the network ${mark.id} off the nodes`, () => lab.down());
  try {
    return await lab.up();
  } catch (error) {
    const failure = await lab.down().then(() => undefined, messageOf);
    if (failure !== undefined) throw stuck(`${messageOf(error)}; then ${failure}`, error);
    signal?.throwIfAborted();
    throw error;
  }
}

class NodesLab {
  readonly #keeper: Keeper;
  readonly #options: NodesLabOptions;
  readonly #bumps: Bump[];
  /** What is in the nodes' namespaces besides, and does not go with the keeper. */
  readonly #leftovers: { what: string; undo(): Promise<unknown> }[] = [];

  constructor(keeper: Keeper, options: NodesLabOptions) {
    this.#keeper = keeper;
    this.#options = options;
    this.#bumps = options.edges.map((_, index) => new Bump(`edge${index}`, `nic${index}`, keeper.host.exec));
  }

  async up(): Promise<NodesNetwork> {
    const { cloud, edges, image, podNetworkOverTunnel = false, signal } = this.#options;
    const { host } = this.#keeper;
    const exec: Exec = async (argv, more) => {
      signal?.throwIfAborted();
      return await host.exec(argv, more);
    };
    const nodes = edges.map(({ container }, index) => ({ container, namespace: `edge${index}` }));
    await this.#keeper.start(image, [{ container: cloud.container, namespace: CLOUD }, ...nodes], signal);
    const cables = await this.#layCables(exec);
    const {
      cloud: hop,
      links,
      ends,
      version,
    } = await layTunnels({
      host,
      exec,
      cloud: CLOUD,
      cloudNode: cloud.name,
      cables,
      device: (end) => {
        this.#undoTunnel(end);
        return tunnelDevice(end);
      },
    });
    if (!podNetworkOverTunnel) for (const end of ends) await this.#letPodsThrough(exec, end);
    return {
      network: async (podInterface) => ({
        isolation: 'containers',
        evidence: 'real-kernel',
        versions: { kernel: release(), tunnel: version, toolbox: image },
        cloud: { listen: cloudServices(), hop },
        links: links(
          podInterface && addressOf(cloud, await interfaceAt(host.exec, CLOUD, podInterface), podInterface),
        ),
        down: () => this.down(),
      }),
    };
  }

  async #layCables(exec: Exec): Promise<Cable[]> {
    const { cloud, edges } = this.#options;
    const cloudAddress = addressOf(cloud, await interfaceAt(exec, CLOUD, NODE_INTERFACE));
    const { exec: lasting } = this.#keeper.host;
    this.#leftovers.push({
      what: `the offloads of ${cloud.name}`,
      undo: () => setFeatures(lasting, CLOUD, NODE_INTERFACE, ['gso', 'on', 'tso', 'on', 'tx', 'on']),
    });
    await sendFramesAsDatagrams(exec, CLOUD, NODE_INTERFACE);
    const cables: Cable[] = [];
    for (const [index, edge] of edges.entries()) {
      const bump = this.#bumps[index] as Bump;
      const before = await bump.lay(exec);
      cables.push({
        node: edge.name,
        edge: { namespace: bump.edge, device: NODE_INTERFACE, address: addressOf(edge, before) },
        nic: { namespace: bump.nic, towardsEdge: NIC_EDGE, towardsCloud: NIC_CLOUD },
        cloud: { namespace: CLOUD, device: NODE_INTERFACE, address: cloudAddress },
      });
    }
    return cables;
  }

  /** An interface of the kernel's WireGuard would stay with the node; wireguard-go's has gone with its process. */
  #undoTunnel(end: 'cloud' | number): void {
    const namespace = end === 'cloud' ? CLOUD : `edge${end}`;
    this.#leftovers.push({
      what: `the tunnel of ${namespace}`,
      undo: () => this.#keeper.host.exec(['ip', '-n', namespace, 'link', 'del', tunnelDevice(end)]),
    });
  }

  /** The cloud knows no way back to a pod's own address: by the node's, it does. The address of a device that is taken down stays. */
  async #letPodsThrough(exec: Exec, { address, device, namespace }: TunnelEnd): Promise<void> {
    const { exec: lasting } = this.#keeper.host;
    this.#leftovers.push({
      what: `the nft table of ${namespace}`,
      undo: () => lasting(['ip', 'netns', 'exec', namespace, 'nft', 'delete', 'table', 'ip', TABLE]),
    });
    const rule = `oifname "${device}" ip saddr != ${TUNNEL_NETWORK} snat to ${address}`;
    const script = [
      `create table ip ${TABLE}`,
      `add chain ip ${TABLE} postrouting { type nat hook postrouting priority srcnat; policy accept; }`,
      `add rule ip ${TABLE} postrouting ${rule}`,
      '',
    ].join('\n');
    await must(exec, ['ip', 'netns', 'exec', namespace, 'nft', '-f', '-'], script);
  }

  async down(): Promise<void> {
    const failures: string[] = [];
    const tried = async (what: string, undo: () => Promise<unknown>) => {
      await undo().catch((error: unknown) => failures.push(`${what}: ${messageOf(error)}`));
    };
    if (await this.#keeper.lives()) {
      for (const { undo, what } of this.#leftovers.splice(0).reverse()) await tried(what, undo);
      for (const bump of this.#bumps) await tried(`the interface of ${bump.edge}`, () => bump.takeOut());
    }
    await tried(`the container ${this.#keeper.name}`, () => this.#keeper.remove());
    if (failures.length === 0) return;
    throw stuck(failures.join('; '));
  }
}

function stuck(seen: string, cause?: unknown): OrdealError {
  return new OrdealError({
    code: 'NETWORK_LAB_STUCK',
    exit: EXIT.unable,
    tried: 'taking the edge network off the nodes',
    seen,
    todo: 'take the cluster down: what is left goes with it',
    cause,
  });
}

function addressOf({ name }: NodeContainer, found: Interface, device = NODE_INTERFACE): string {
  const address = ipv4Of(found);
  if (address !== undefined) return address;
  throw new OrdealError({
    code: 'NETWORK_LAB_COMMAND',
    exit: EXIT.unable,
    tried: `reading the address of ${device} of ${name}`,
    seen: 'it has none of IPv4',
    todo: 'give the cluster’s nodes networks with IPv4',
  });
}
