/**
 * The network port: the way from edge nodes to the cloud, as a lab made it. One link an edge node, with a tunnel over
 * it; the tunnel carries what pods send to the cloud, and the node's host network uses the link itself.
 *
 *   edge [wg0 | e0] --- nic [n0 … n1] --- cloud [c0 | wg0]
 */
import { z } from 'zod';
import type { NodeInterface } from '../../harness/radius/reach.ts';
import type { Evidence } from '../../harness/verdict/verdict.ts';

/**
 * How the nodes are kept apart: not at all, by network namespaces of this machine’s kernel or of a guest’s, as the
 * containers that the nodes of a cluster are, or by whoever the nodes belong to.
 */
export type Isolation = 'process' | 'netns' | 'uml' | 'containers' | 'found';

export interface Endpoint {
  host: string;
  port: number;
}

/** What the cloud serves: MQTT over TCP, and an echo of UDP datagrams. */
export interface Services {
  mqtt: Endpoint;
  echo: Endpoint;
}

interface ExecResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Where the cloud serves them: with an echo of its own for each way, so that an answer can say by which it was asked. */
export interface CloudServices extends Services {
  /** For what comes by the hosts' own network; `echo` is for what comes through the tunnels. */
  hostEcho: Endpoint;
}

/** A host on the path that has a network namespace of its own. */
export interface Hop {
  name: string;
  /** Runs an argument array (never a shell string) in the hop's network namespace, whatever its exit code. */
  exec(argv: readonly string[], options?: { timeoutMs?: number; input?: string }): Promise<ExecResult>;
  /** What to put before a long-lived program's argument array so that it runs there: `ip netns exec NAME`. */
  enter: readonly string[];
  /** How `enter` begins, as far as it leads to the machine that the hop's kernel is of: nothing for this one. */
  machine: readonly string[];
  /** Where this machine, and so the embedded kubelet, reaches what listens there; undefined: it has no way in. */
  reachedAt?: string | undefined;
  /** Where the hop has the harness's programs and their Node; undefined: it sees this machine's files. */
  programs?: {
    node: string;
    /** Has each as `NAME.mjs`. */
    folder: string;
    /** A folder that programs may write to, gone with the hop. */
    scratch: string;
  };
}

/** A moment of a link's tunnel, by the edge's end; InCsumErrors by the cloud's. Counters only ever grow. */
export interface TunnelSample {
  /** Milliseconds since the last handshake that was completed; null where there was none since the tunnel came up. */
  handshakeAgeMs: number | null;
  rxBytes: number;
  txBytes: number;
  /** UDP datagrams that the cloud's end dropped for their checksum. */
  inCsumErrors: number;
}

/** A link between kernels: everything can be done with tc, nft and ethtool on its hops. */
export interface KernelPath {
  kind: 'kernel';
  edge: Hop;
  nic: Hop;
  cloud: Hop;
  /** The node of the cluster that the cloud is; left out where it is none. */
  cloudNode?: string | undefined;
  /** Interface names: the edge's and the cloud's own, the NIC's towards each, and the tunnel's at both ends. */
  interfaces: {
    edge: string;
    nicEdge: string;
    nicCloud: string;
    cloud: string;
    tunnel: string;
    /** Where the cloud's end has another name: every wireguard-go of a machine needs its own. */
    tunnelAtCloud?: string;
  };
  /** UDP port of the tunnel at both ends. */
  tunnelPort: number;
}

/** A link through a relay process of the lab, which does to datagrams what its file of impairments says. */
export interface RelayPath {
  kind: 'relay';
  /** JSON of `Impairments`; replaced by rename; applied within 100 ms. */
  impairments: string;
  /** JSON of `RelayState`; replaced by rename at least every 200 ms and after every change of the impairments. */
  state: string;
}

/** A way that was there before the run, and is somebody's: nothing of it is touched but the run's own packets. */
interface FoundPath {
  kind: 'found';
  /** The edge node's own network, from a pod on it. */
  edge: Hop;
  /** Our nft table there: whatever of it is left the hop takes away when it ends, and when it comes back. */
  table: string;
  /** The node that the cloud's services run on. */
  cloudNode: string;
}

interface Ends {
  /** Name of the edge node. */
  node: string;
  /** The cloud's services as a pod of the node reaches them, through the tunnel. */
  throughTunnel: Services;
  /** The same as the node's host network reaches them. */
  byHost: Services;
}

/** What a pod network has laid is taken for the tunnel, and nothing of it can be set or seen. */
export interface FoundLink extends Ends {
  path: FoundPath;
}

/** One that the harness has laid. */
export interface EdgeLink extends Ends {
  path: KernelPath | RelayPath;
  /** TX checksum offload of the edge's NIC (both ends of the link), as it is now or as asked; persisted across a restart of the tunnel. */
  setOffload(on: boolean): Promise<void>;
  offload(): Promise<boolean>;
  /** WireGuard's persistent keepalive at both ends, in seconds; 0 for none. */
  setKeepalive(seconds: number): Promise<void>;
  /** Takes the edge's end of the tunnel down and up again: its session is lost, a new handshake is needed. */
  restartTunnel(): Promise<void>;
  sample(): Promise<TunnelSample>;
}

export type AnyLink = EdgeLink | FoundLink;

export function isFound(link: AnyLink): link is FoundLink {
  return link.path.kind === 'found';
}

/** What stands for the cloud’s node where it is none of the cluster’s. */
export const CLOUD = 'cloud';
/** What stands for the interfaces of a link that is a relay. */
export const RELAY = 'relay';

/** Every interface of a link, as faults name them. */
export function interfacesOf({ node, path }: Pick<AnyLink, 'node' | 'path'>): NodeInterface[] {
  if (path.kind === 'found') return [];
  if (path.kind === 'relay') return [{ node, device: RELAY }];
  const { cloudNode = CLOUD, interfaces } = path;
  const { cloud, edge, nicCloud, nicEdge, tunnel, tunnelAtCloud = tunnel } = interfaces;
  return [
    ...[edge, nicEdge, nicCloud, tunnel].map((device) => ({ node, device })),
    ...[cloud, tunnelAtCloud].map((device) => ({ node: cloudNode, device })),
  ];
}

export interface EdgeNetwork<Link extends AnyLink = EdgeLink> {
  isolation: Isolation;
  evidence: Evidence;
  /** `wireguard-go 0.0.20220316`, `modelled tunnel`, … by name, for the history. */
  versions: Record<string, string>;
  /**
   * Where the cloud's servers have to listen, and the hop that they run on (undefined: any process of this machine); the one
   * of `hostEcho`, where that runs on another.
   */
  cloud: { listen: CloudServices; hop: Hop | undefined; hostHop?: Hop };
  links: readonly Link[];
  /** Takes everything down; nothing is left. Idempotent. */
  down(): Promise<void>;
}

const share = z.number().min(0).max(100).default(0);

/** What a relay does to the datagrams that match. The strongest of several impairments counts. */
export const Impairment = z.strictObject({
  id: z.string(),
  /** Wall ms after which the relay forgets it by itself, whatever became of the harness. */
  untilWall: z.number(),
  direction: z.enum(['both', 'to-cloud', 'to-edge']).default('both'),
  /** All datagrams of the link, the tunnel's, or the tunnel's handshakes (message types 1 and 2) alone. */
  match: z.enum(['all', 'tunnel', 'handshake']).default('tunnel'),
  delayMs: z.number().nonnegative().default(0),
  jitterMs: z.number().nonnegative().default(0),
  /** In percent of the datagrams. */
  loss: share,
  corrupt: share,
  duplicate: share,
  reorder: share,
  /** Kilobits a second; 0: as fast as it goes. */
  rateKbit: z.number().nonnegative().default(0),
  /** Datagrams of more bytes than this vanish; 0: none do. */
  maxBytes: z.int().nonnegative().default(0),
  /** A NIC whose checksum engine is broken: what was sent with TX offload on leaves with its checksum half made. */
  offloadDefect: z.boolean().default(false),
  /** The NAT in between forgets its mapping, once, when the impairment is first seen: the edge's source port changes. */
  rebind: z.boolean().default(false),
});
export type Impairment = z.infer<typeof Impairment>;

export const Impairments = z.strictObject({ impairments: z.array(Impairment) });

/** What a relay has done since it started. */
export const RelayState = z.strictObject({
  /** Ids of the impairments in force. */
  applied: z.array(z.string()),
  passed: z.int(),
  /** Datagrams that an impairment touched, by its id; of an offload defect: that went through it. */
  touched: z.record(z.string(), z.int()),
});
export type RelayState = z.infer<typeof RelayState>;
