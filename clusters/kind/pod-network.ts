import type { V1Node } from '@kubernetes/client-node';
import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import { run } from '../../harness/exec/exec.ts';
import { NODE_INTERFACE } from '../network/nodes/bump.ts';

/** On the node: what lays its part of the pod network, and the unit that has it done again at every boot. */
const PROGRAM = '/usr/local/bin/ordeal-pod-network';
const UNITS = '/etc/systemd/system';
const UNIT = 'ordeal-pod-network.service';
/** Our nft table on a node. */
const TABLE = 'ordeal_pods';

/** Of one node: where its pods are, and by which address of the node they are reached. */
export interface PodSubnet {
  node: string;
  subnet: string;
  address: string;
}

/**
 * What kindnet does in a stock node image: on each node a route to every other node's pods, and masquerading of what pods send
 * elsewhere. The image that is made here has a bridge on each node and no more. It outlasts a reboot of a node. Safe to repeat.
 * @param nodes all of the cluster, each in the container of its name
 * @throws OrdealError KIND_NO_POD_SUBNET (exit 4), and what `run` does.
 */
export async function layPodNetwork(nodes: readonly V1Node[]): Promise<void> {
  const subnets = podSubnets(nodes);
  await Promise.all(
    subnets.map((own) =>
      run(['docker', 'exec', '--interactive', own.node, 'sh', '-s'], {
        input: installer(podNetworkProgram(own, subnets)),
      }),
    ),
  );
}

/**
 * Pure.
 * @throws OrdealError KIND_NO_POD_SUBNET (exit 4) for a node that has none, or no address.
 */
export function podSubnets(nodes: readonly V1Node[]): PodSubnet[] {
  return nodes.map(({ metadata, spec, status }) => {
    const node = metadata?.name ?? '';
    const subnet = spec?.podCIDR;
    const address = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
    if (!subnet) throw noSubnet(node, 'its Node has no spec.podCIDR');
    if (!address) throw noSubnet(node, 'its Node has no InternalIP');
    return { node, subnet, address };
  });
}

function noSubnet(node: string, seen: string): OrdealError {
  return new OrdealError({
    code: 'KIND_NO_POD_SUBNET',
    exit: EXIT.unable,
    tried: `laying the pod network of ${node}`,
    seen,
    todo: 'see in the cluster’s logs why kube-controller-manager allocates no node CIDRs',
  });
}

/** The shell program of one node. What goes to a pod keeps its pod's address, whichever node it is on. Pure. */
export function podNetworkProgram(own: PodSubnet, all: readonly PodSubnet[]): string {
  const others = all.filter(({ node }) => node !== own.node);
  const pods = all.map(({ subnet }) => subnet).join(', ');
  return [
    '#!/bin/sh',
    'set -eu',
    ...others.map(({ address, subnet }) => `ip route replace ${subnet} via ${address} dev ${NODE_INTERFACE}`),
    "nft -f - <<'RULES'",
    // One transaction: whatever was there is replaced.
    `add table ip ${TABLE}`,
    `delete table ip ${TABLE}`,
    `add table ip ${TABLE}`,
    `add chain ip ${TABLE} postrouting { type nat hook postrouting priority srcnat; policy accept; }`,
    // By the node's own interface: a tunnel's traffic is whoever's laid the tunnel.
    `add rule ip ${TABLE} postrouting oifname "${NODE_INTERFACE}" ip saddr ${own.subnet} ip daddr != { ${pods} } masquerade`,
    'RULES',
    '',
  ].join('\n');
}

/** A reboot of the node ends what is in its network, and leaves its files. */
function installer(program: string): string {
  return [
    'set -eu',
    `cat > ${PROGRAM} <<'PROGRAM'`,
    `${program}PROGRAM`,
    `chmod 755 ${PROGRAM}`,
    `cat > ${UNITS}/${UNIT} <<'UNIT'`,
    '[Unit]',
    'Description=Routes to the pods of other nodes',
    'Before=kubelet.service',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    `ExecStart=${PROGRAM}`,
    'UNIT',
    // As `systemctl enable` would, without a word to systemd: it runs here, and there when it boots.
    `ln -sf ${UNITS}/${UNIT} ${UNITS}/multi-user.target.wants/${UNIT}`,
    `exec ${PROGRAM}`,
    '',
  ].join('\n');
}
