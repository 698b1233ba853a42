import { isIPv4 } from 'node:net';
import type { V1Pod } from '@kubernetes/client-node';
import { EXIT, messageOf, OrdealError } from '../../../harness/errors/error.ts';
import type { Kube } from '../../../harness/kube/client.ts';
import type { StepContext } from '../../../harness/run/ports.ts';
import type { Evidence } from '../../../harness/verdict/verdict.ts';
import type { EdgeNetwork, Endpoint, FoundLink, Services } from '../../network/port.ts';
import { type Left, together } from '../comparison.ts';
import type { Context } from '../kubeconfig.ts';
import {
  makeNodeNamespace,
  podDeadlineSeconds,
  removeNodeNamespace,
  untilRunning,
} from '../node-namespace.ts';
import { edgePod, type Role } from './pods.ts';
import { tablesLeft, tablesOf } from './tables.ts';
import { Toolbox } from './toolbox.ts';

/** On an edge node: faults may make it, and its toolbox takes it away. */
const OWN_TABLE = 'ordeal_cut';
/** None that needs a privilege, that services have nodes for, or that a client is given. */
const PORTS = { mqtt: 11_883, echo: 10_007, hostEcho: 11_007 };
const ANYWHERE = '0.0.0.0';

interface FoundNetworkOptions {
  kube: Kube;
  kubeContext: Pick<Context, 'kubeconfig' | 'name'>;
  /** Of the nodes that are worked on, in their order: the first that is no edge is the cloud. */
  nodes: readonly string[];
  edges: readonly string[];
  image: string;
  evidence: Evidence;
}

export interface FoundNetwork extends EdgeNetwork<FoundLink> {
  /** What of the edge nodes' own networks differs from before, as it was seen last before their toolboxes went. */
  left(): Left;
}

interface Place {
  node: string;
  role: Role;
  pod: string;
  toolbox: Toolbox;
}

/**
 * Somebody's nodes as edges and a cloud, by pods of the run's own in a namespace of level privileged: nothing of the nodes is
 * changed. The undo is registered before anything is made.
 * @throws OrdealError EDGE_CLOUD_MISSING, TOOLBOXES_NOT_STARTED, TOOLBOX_LOST, NFT_UNREADABLE, POD_ADDRESS_MISSING (exit 4).
 */
export async function foundNetwork(
  options: FoundNetworkOptions,
  context: StepContext,
): Promise<FoundNetwork> {
  const { edges, evidence, image, kube, kubeContext, nodes } = options;
  const { clock, plan, runId, signal, undo } = context;
  const cloudNode = nodes.find((node) => !edges.includes(node));
  if (cloudNode === undefined) throw noCloud(edges);
  const namespace = `ordeal-${runId}-net`.slice(0, 63);
  const home = { kube, namespace, clock, signal };
  const place = (node: string, role: Role, pod: string): Place => ({
    ...{ node, role, pod },
    toolbox: new Toolbox({ name: node, context: kubeContext, namespace, pod }),
  });
  const cloud = place(cloudNode, 'cloud', 'cloud');
  const cloudHost = place(cloudNode, 'cloud-host', 'cloud-host');
  const ends = edges.map((node, index) => place(node, 'edge', `edge-${index}`));
  const places = [cloud, cloudHost, ...ends];
  const before = new Map<string, string[]>();
  let left: Left | undefined;
  let gone = false;
  const takeDown = async () => {
    if (gone) return;
    left ??= await leftOn(ends, before);
    await Promise.all(places.map(({ toolbox }) => toolbox.end()));
    await removeNodeNamespace(home);
    gone = true;
  };
  undo.push(`take the toolboxes off ${edges.join(', ')} and ${cloudNode}`, takeDown);
  await makeNodeNamespace(home, runId);
  const deadlineSeconds = podDeadlineSeconds(plan);
  for (const { node, pod: name, role } of places) {
    const body = edgePod({ name, namespace, node, role, image, deadlineSeconds, table: OWN_TABLE });
    await kube.core.createNamespacedPod({ namespace, body });
  }
  const what = { code: 'TOOLBOXES_NOT_STARTED', count: places.length, what: 'the toolboxes' };
  const pods = await untilRunning(home, what);
  await Promise.all(ends.map(({ toolbox }) => toolbox.start(signal)));
  for (const { node, toolbox } of ends) before.set(node, await tablesOf(toolbox.hop));
  const [forPods, forHosts] = [addressOf(pods, cloud.pod), addressOf(pods, cloudHost.pod)];
  const services: Services = {
    mqtt: { host: forPods, port: PORTS.mqtt },
    echo: { host: forPods, port: PORTS.echo },
  };
  const at = (port: number): Endpoint => ({ host: ANYWHERE, port });
  return {
    isolation: 'found',
    evidence,
    versions: { tunnel: 'the cluster’s own pod network', toolbox: image },
    cloud: {
      listen: { mqtt: at(PORTS.mqtt), echo: at(PORTS.echo), hostEcho: at(PORTS.hostEcho) },
      hop: cloud.toolbox.hop,
      hostHop: cloudHost.toolbox.hop,
    },
    links: ends.map(({ node, toolbox }) => ({
      node,
      throughTunnel: services,
      // The broker is in the pod network alone, and a host's own way to the cloud ends at its node.
      byHost: { ...services, echo: { host: forHosts, port: PORTS.hostEcho } },
      path: { kind: 'found', edge: toolbox.hop, table: OWN_TABLE, cloudNode },
    })),
    left: () => left ?? { ours: [], others: ['the nft tables of edge nodes were not looked at again'] },
    down: takeDown,
  };
}

/** What cannot be looked at again may be in any state; nothing was done where it was not looked at before. */
async function leftOn(ends: readonly Place[], before: ReadonlyMap<string, string[]>): Promise<Left> {
  let left: Left = { ours: [], others: [] };
  for (const { node, toolbox } of ends) {
    const tables = before.get(node);
    if (!tables) continue;
    const differs = await tablesOf(toolbox.hop)
      .then((now) => tablesLeft(node, tables, now, OWN_TABLE))
      .catch((error: unknown) => ({
        ours: [],
        others: [`node ${node}: its nft tables were not seen again: ${messageOf(error)}`],
      }));
    left = together(left, differs);
  }
  return left;
}

/** Nothing but an address becomes part of a rule on a node. */
function addressOf(pods: readonly V1Pod[], name: string): string {
  const address = pods.find(({ metadata }) => metadata?.name === name)?.status?.podIP;
  if (address !== undefined && isIPv4(address)) return address;
  throw new OrdealError({
    code: 'POD_ADDRESS_MISSING',
    exit: EXIT.unable,
    tried: `reading the address of the pod ${name}`,
    seen: address === undefined ? 'it has none' : `${address} is none of IPv4`,
    todo: 'give the cluster’s nodes and pods networks with IPv4',
  });
}

function noCloud(edges: readonly string[]): OrdealError {
  return new OrdealError({
    code: 'EDGE_CLOUD_MISSING',
    exit: EXIT.unable,
    tried: 'choosing a node for the cloud',
    seen: `all that may be worked on are edge nodes: ${edges.join(', ')}`,
    todo: 'name one node more under cluster.nodes, the last of them for the cloud, or fewer in the setting nodes',
  });
}
