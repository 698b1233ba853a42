import type { Hop, Impairment, KernelPath } from '../../clusters/network/port.ts';

export type Direction = Impairment['direction'];
export type Match = Impairment['match'];

/** An interface in its hop. */
export interface Port {
  hop: Hop;
  device: string;
}

/** One way through a link's NIC. */
export interface Lane {
  /** Where its datagrams enter the NIC, … */
  in: Port;
  /** … where they leave it, … */
  out: Port;
  /** … and where they arrive. */
  receiver: Port;
}

/** The lanes of a direction. What is dropped in one is dropped after it was sent: the sender sees no error. */
export function lanesOf({ cloud, edge, interfaces, nic }: KernelPath, direction: Direction): Lane[] {
  const edgeSide = { hop: nic, device: interfaces.nicEdge };
  const cloudSide = { hop: nic, device: interfaces.nicCloud };
  const toCloud = { in: edgeSide, out: cloudSide, receiver: { hop: cloud, device: interfaces.cloud } };
  const toEdge = { in: cloudSide, out: edgeSide, receiver: { hop: edge, device: interfaces.edge } };
  return [...(direction === 'to-edge' ? [] : [toCloud]), ...(direction === 'to-cloud' ? [] : [toEdge])];
}
