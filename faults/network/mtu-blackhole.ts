import { z } from 'zod';
import { type EdgeLink, Impairment } from '../../clusters/network/port.ts';
import type { Fault } from '../port.ts';
import { impairing } from './impair.ts';
import { networkFault } from './network-fault.ts';
import { spec } from './spec.ts';

/** The least that IPv6 asks of a link: what fits everywhere still passes. */
const COMMON_MTU = 1_280;

export const MtuBlackholeWith = z.strictObject({
  /** IP datagrams of more bytes than this vanish. */
  maxBytes: z.int().min(68).default(COMMON_MTU),
  direction: Impairment.shape.direction,
  match: Impairment.shape.match.unwrap().default('all'),
});
export type MtuBlackholeWith = z.infer<typeof MtuBlackholeWith>;

/** `network/mtu-blackhole`: what is too large for the path vanishes, and no one is told. */
export function mtuBlackhole(id: string, wanted: MtuBlackholeWith, link: EdgeLink): Fault {
  return networkFault(id, 'network/mtu-blackhole', link, wanted, impairing(link, id, spec(wanted)));
}
