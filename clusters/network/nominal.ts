import type { Plan } from '../../harness/plan/schema.ts';
import { TUNNEL_PORT } from './netns/wireguard.ts';
import { EDGE, NIC_CLOUD, NIC_EDGE } from './netns/wiring.ts';
import { NODE_INTERFACE } from './nodes/bump.ts';
import { tunnelDevice } from './nodes/lab.ts';
import type { EdgeLink, FoundLink, Hop, KernelPath, RelayPath } from './port.ts';

/**
 * The link of an edge node by its number, as far as a plan says what it will be, for each isolation that it may come to:
 * faults can tell of it what they would touch, and nothing can be done with it.
 * @param cloudNode the control plane’s node
 */
export function nominalLinks({ cluster }: Plan, node: string, number: number, cloudNode: string): EdgeLink[] {
  const onNodes = cluster.provider !== 'embedded';
  const kernel: KernelPath = {
    kind: 'kernel',
    edge: nowhere(node),
    nic: nowhere(`NIC of ${node}`),
    cloud: nowhere('cloud'),
    cloudNode: onNodes ? cloudNode : undefined,
    interfaces: {
      edge: onNodes ? NODE_INTERFACE : EDGE,
      nicEdge: NIC_EDGE,
      nicCloud: NIC_CLOUD,
      cloud: onNodes ? NODE_INTERFACE : `c${number}`,
      // The one of a lab has the lab’s own mark in it.
      tunnel: onNodes ? tunnelDevice(number) : `wg…-${number}`,
      tunnelAtCloud: onNodes ? tunnelDevice('cloud') : 'wg…-c',
    },
    tunnelPort: TUNNEL_PORT,
  };
  const relay: RelayPath = { kind: 'relay', impairments: '', state: '' };
  const { isolation } = cluster;
  if (onNodes || isolation === 'netns' || isolation === 'uml') return [linkOf(node, kernel)];
  return isolation === 'process' ? [linkOf(node, relay)] : [linkOf(node, kernel), linkOf(node, relay)];
}

/** The same of a cluster that is someone's. */
export function nominalFoundLink(node: string, cloudNode: string): FoundLink {
  return { node, ...noServices(), path: { kind: 'found', edge: nowhere(node), table: '', cloudNode } };
}

function noServices(): Pick<EdgeLink, 'byHost' | 'throughTunnel'> {
  const services = { mqtt: { host: '', port: 0 }, echo: { host: '', port: 0 } };
  return { throughTunnel: services, byHost: services };
}

function linkOf(node: string, path: EdgeLink['path']): EdgeLink {
  return {
    node,
    path,
    ...noServices(),
    setOffload: notYet,
    offload: notYet,
    setKeepalive: notYet,
    restartTunnel: notYet,
    sample: notYet,
  };
}

function nowhere(name: string): Hop {
  return { name, enter: [], machine: [], exec: notYet };
}

async function notYet(): Promise<never> {
  throw new Error('there is no such link yet');
}
