import { z } from 'zod';
import { type EdgeLink, Impairment } from '../../clusters/network/port.ts';
import type { Fault } from '../port.ts';
import { impairing } from './impair.ts';
import { networkFault } from './network-fault.ts';
import { spec } from './spec.ts';

export const PartitionWith = z.strictObject({
  direction: Impairment.shape.direction,
  match: Impairment.shape.match.unwrap().default('all'),
});
export type PartitionWith = z.infer<typeof PartitionWith>;

/** `network/partition`: nothing gets through, both ways or one way. */
export function partition(id: string, wanted: PartitionWith, link: EdgeLink): Fault {
  const mechanisms = impairing(link, id, spec({ ...wanted, loss: 100 }));
  return networkFault(id, 'network/partition', link, wanted, mechanisms);
}
