import { z } from 'zod';
import { type EdgeLink, Impairment } from '../../clusters/network/port.ts';
import type { Fault } from '../port.ts';
import { impairing } from './impair.ts';
import { networkFault } from './network-fault.ts';
import { spec } from './spec.ts';

export const ChecksumCorruptionWith = z.strictObject({
  /** In percent of the datagrams that match. */
  share: z.number().positive().max(100).default(30),
  direction: Impairment.shape.direction.unwrap().default('to-cloud'),
  match: Impairment.shape.match,
});
export type ChecksumCorruptionWith = z.infer<typeof ChecksumCorruptionWith>;

/** `network/checksum-corruption`: datagrams arrive with a wrong checksum, whatever the offload setting. */
export function checksumCorruption(id: string, wanted: ChecksumCorruptionWith, link: EdgeLink): Fault {
  const { share, ...where } = wanted;
  const mechanisms = impairing(link, id, spec({ ...where, corrupt: share }));
  return networkFault(id, 'network/checksum-corruption', link, wanted, mechanisms);
}
