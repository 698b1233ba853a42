import { z } from 'zod';
import type { EdgeLink } from '../../clusters/network/port.ts';
import type { Fault } from '../port.ts';
import { kernelMechanism } from './mechanisms/mechanism.ts';
import { rebindingNat } from './mechanisms/nat.ts';
import { relay } from './mechanisms/relay.ts';
import { networkFault } from './network-fault.ts';
import { spec } from './spec.ts';

export const NatRebindWith = z.strictObject({
  /** The tunnel's source port afterwards; a link's own relay takes whichever is free. */
  port: z.int().min(1_024).max(65_535).default(40_820),
});
export type NatRebindWith = z.infer<typeof NatRebindWith>;

/** `network/nat-rebind`: the NAT in between forgets its mapping. Healing it gives the old one back: a second rebind. */
export function natRebind(id: string, wanted: NatRebindWith, link: EdgeLink): Fault {
  const { path } = link;
  return networkFault(id, 'network/nat-rebind', link, wanted, [
    path.kind === 'relay'
      ? relay(path, id, spec({ rebind: true }))
      : kernelMechanism([rebindingNat(path, wanted.port)]),
  ]);
}
