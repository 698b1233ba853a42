import { z } from 'zod';
import { type EdgeLink, Impairment } from '../../clusters/network/port.ts';
import { Duration } from '../../harness/plan/schema.ts';
import type { Fault } from '../port.ts';
import { impairing } from './impair.ts';
import { networkFault } from './network-fault.ts';
import { spec } from './spec.ts';

/** In percent of the datagrams that match. */
const share = z.number().min(0).max(100).default(0);

export const NetemWith = z
  .strictObject({
    delay: Duration.default(0),
    jitter: Duration.default(0),
    loss: share,
    corrupt: share,
    duplicate: share,
    reorder: share,
    /** Kilobits a second; 0: as fast as it goes. */
    rate: z.number().nonnegative().default(0),
    direction: Impairment.shape.direction,
    match: Impairment.shape.match.unwrap().default('all'),
  })
  .refine(({ delay, jitter, reorder }) => delay > 0 || (jitter === 0 && reorder === 0), {
    path: ['delay'],
    error: 'expected a delay above 0, for jitter and reorder change what is delayed',
  })
  .refine((wanted) => impaired(wanted), {
    error: 'expected at least one of delay, loss, corrupt, duplicate and rate',
  });
export type NetemWith = z.infer<typeof NetemWith>;

interface Impaired {
  delay: number;
  loss: number;
  corrupt: number;
  duplicate: number;
  rate: number;
}

const impaired = ({ corrupt, delay, duplicate, loss, rate }: Impaired) =>
  delay + loss + corrupt + duplicate + rate > 0;

/** `network/netem`: a bad link. */
export function netem(id: string, wanted: NetemWith, link: EdgeLink): Fault {
  const { delay, jitter, rate, ...rest } = wanted;
  const asked = spec({ ...rest, delayMs: delay, jitterMs: jitter, rateKbit: rate });
  return networkFault(id, 'network/netem', link, wanted, impairing(link, id, asked));
}
