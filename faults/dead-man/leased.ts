import type { Clock } from '../../harness/clock/clock.ts';
import { type DeadMan, type Lease, leaseUntil } from './dead-man.ts';

interface Leased extends Lease {
  clock: Clock;
  /** Where whoever acts on the request reads until when; tells until when it was. Undefined: not asked for. */
  renew(untilWall: number, nowWall: number): Promise<number | undefined>;
}

/**
 * A request that lapses by itself, at whoever acts on it. It is armed by being made: what it is made with is the first
 * lease, `leaseUntil`.
 */
export function leased({ clock, renew, ...lease }: Leased): DeadMan {
  let fired: string | undefined;
  return {
    async renew() {
      const now = clock.wall();
      const until = await renew(leaseUntil(now, lease), now);
      if (until !== undefined && until <= now) fired ??= 'the request had lapsed before it was renewed';
    },
    get fired() {
      return fired;
    },
    // It went with the request.
    disarm: async () => undefined,
    release: () => undefined,
  };
}
