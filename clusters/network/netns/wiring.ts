import { existsSync } from 'node:fs';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { type Exec, ipBatch, must } from './host.ts';

/** The namespaces and names of one link's cable. */
export interface Wiring {
  edge: string;
  nic: string;
  cloud: string;
  /** The cloud has a NIC for each link: `c0`, `c1` … */
  cloudInterface: string;
  /** Third figure of the link's own network, 10.9.N.0/24. */
  subnet: number;
  /** Whether this machine gets a way into the edge's namespace, beside the NIC: an interface of its own, which it keeps. */
  reached: boolean;
}

export const EDGE = 'e0';
export const NIC_EDGE = 'n0';
export const NIC_CLOUD = 'n1';
const BRIDGE = 'br0';
const WAY_IN = 'way0';
const FORWARDING_MS = 10_000;

export const cloudAddress = ({ subnet }: Wiring) => `10.9.${subnet}.1`;
export const edgeAddress = ({ subnet }: Wiring) => `10.9.${subnet}.2`;

/** Where this machine reaches the edge, if it has a way in. */
export const reachedAddress = ({ subnet }: Wiring) => `10.10.${subnet}.2`;

/** Makes the namespaces of the edge and of its NIC, and lays the cable edge – NIC – cloud with a bridge in the NIC. */
export async function wire(exec: Exec, wiring: Wiring): Promise<void> {
  const { edge, nic, cloud, cloudInterface } = wiring;
  await ipBatch(exec, undefined, [
    ['netns', 'add', edge],
    ['netns', 'add', nic],
    veth([EDGE, edge], [NIC_EDGE, nic]),
    veth([NIC_CLOUD, nic], [cloudInterface, cloud]),
  ]);
  await ipBatch(exec, edge, [
    ['link', 'set', 'lo', 'up'],
    ['address', 'add', `${edgeAddress(wiring)}/24`, 'dev', EDGE],
    ...up(EDGE),
  ]);
  await ipBatch(exec, cloud, [
    ['address', 'add', `${cloudAddress(wiring)}/24`, 'dev', cloudInterface],
    ...up(cloudInterface),
  ]);
  if (wiring.reached) await layWayIn(exec, wiring);
  await sendFramesAsDatagrams(exec, edge, EDGE);
  await sendFramesAsDatagrams(exec, cloud, cloudInterface);
  await bridgeNic(exec, nic);
}

/** It goes with the edge's namespace. */
async function layWayIn(exec: Exec, wiring: Wiring): Promise<void> {
  const { edge, subnet } = wiring;
  const here = `ordeal-way${subnet}`;
  await ipBatch(exec, undefined, [
    ['link', 'add', here, 'type', 'veth', 'peer', 'name', WAY_IN, 'netns', edge],
    ['address', 'add', `10.10.${subnet}.1/24`, 'dev', here],
    ...up(here),
  ]);
  await ipBatch(exec, edge, [
    ['address', 'add', `${reachedAddress(wiring)}/24`, 'dev', WAY_IN],
    ...up(WAY_IN),
  ]);
}

/** Bridges a NIC's two interfaces, and waits until it carries. */
export async function bridgeNic(exec: Exec, nic: string): Promise<void> {
  await ipBatch(exec, nic, [
    ['link', 'add', BRIDGE, 'type', 'bridge', 'mcast_snooping', '0'],
    ['link', 'set', NIC_EDGE, 'master', BRIDGE],
    ['link', 'set', NIC_CLOUD, 'master', BRIDGE],
    ...[NIC_EDGE, NIC_CLOUD, BRIDGE].flatMap(up),
  ]);
  // A healthy NIC finishes the checksum of what was handed to it half made; here the kernel does as the frame leaves.
  await setFeatures(exec, nic, NIC_EDGE, ['tx', 'off']);
  await setFeatures(exec, nic, NIC_CLOUD, ['tx', 'off']);
  // A port forwards once the kernel has noticed its carrier, up to a second after it came up; what is sent before is lost.
  await waitFor(async () => (await portStates(exec, nic)).join() === 'forwarding,forwarding', {
    what: `both ports of the bridge in ${nic} to forward`,
    deadlineMs: FORWARDING_MS,
    intervalMs: 50,
  });
}

/** What the NIC's bridge does with the frames of each of its ports. */
async function portStates(exec: Exec, nic: string): Promise<string[]> {
  const said = await must(exec, ['ip', '-n', nic, '-json', '-details', 'link', 'show', 'master', BRIDGE]);
  const ports: { linkinfo: { info_slave_data: { state: string } } }[] = JSON.parse(said);
  return ports.map(({ linkinfo }) => linkinfo.info_slave_data.state);
}

/** A frame is a datagram, as on a wire, and no bigger. */
export async function sendFramesAsDatagrams(exec: Exec, namespace: string, device: string): Promise<void> {
  await setFeatures(exec, namespace, device, ['gso', 'off', 'tso', 'off']);
}

export async function setFeatures(
  exec: Exec,
  namespace: string,
  device: string,
  words: readonly string[],
): Promise<void> {
  await must(exec, ['ip', 'netns', 'exec', namespace, 'ethtool', '-K', device, ...words]);
}

export function veth([from, at]: [string, string], [peer, peerAt]: [string, string]): string[] {
  return [...['link', 'add', from, 'netns', at, 'type', 'veth'], ...['peer', 'name', peer, 'netns', peerAt]];
}

/** There where the kernel has IPv6; a user-mode one has not. */
const IPV6 = '/proc/net/if_inet6';

/** Without an IPv6 address of its own a device stays silent until it is spoken through. */
function up(device: string): string[][] {
  return [
    ...(existsSync(IPV6) ? [['link', 'set', device, 'addrgenmode', 'none']] : []),
    ['link', 'set', device, 'up'],
  ];
}
