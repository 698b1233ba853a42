import { z } from 'zod';
import { type EdgeLink, type FoundLink, Impairment } from '../../clusters/network/port.ts';
import type { Fault } from '../port.ts';
import { impairing } from './impair.ts';
import { ownTraffic } from './mechanisms/own-traffic.ts';
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

/** The same on a way that is somebody’s: of nothing but what goes to the run’s own services. */
export function ownPartition(id: string, wanted: PartitionWith, link: FoundLink): Fault {
  return networkFault(id, 'network/partition', link, wanted, [ownTraffic(link, wanted)]);
}
