import type { Clock } from '../../harness/clock/clock.ts';
import type { FaultContext } from '../port.ts';

/** What heals a target when its harness is not heard of any more: it is at the target, and outlives the harness. */
export interface DeadMan {
  /** Tells it that the run lives: it waits for another lease. @throws OrdealError where it cannot be told. */
  renew(): Promise<void>;
  /** Why it healed, where it did before it was disarmed. */
  readonly fired: string | undefined;
  /** After the fault was read back as gone. */
  disarm(): Promise<void>;
  /** Leaves the target to it: what could not be healed from here, it goes on trying to heal. */
  release(): void;
}

export interface Lease {
  /** How long it waits without being told that the run lives, in ms. */
  leaseMs: number;
  /** Wall ms at which it heals, whatever it is told. */
  deadlineWall: number;
}

/** Short enough to be waited for. */
const LEASE_MS = 30_000;
/** Renewals in a lease: a busy machine may miss all but one. */
const RENEWALS = 6;

export function leaseOf({ deadlineWall, leaseMs = LEASE_MS }: FaultContext): Lease {
  return { deadlineWall, leaseMs };
}

/** Wall ms until which a request is made now. */
export function leaseUntil(nowWall: number, { deadlineWall, leaseMs }: Lease): number {
  return Math.min(nowWall + leaseMs, deadlineWall);
}

/** Several as one. */
export function all(deadMen: readonly DeadMan[]): DeadMan {
  return {
    async renew() {
      await Promise.all(deadMen.map((each) => each.renew()));
    },
    get fired() {
      return deadMen.map(({ fired }) => fired).find((why) => why !== undefined);
    },
    async disarm() {
      await Promise.all(deadMen.map((each) => each.disarm()));
    },
    release() {
      for (const each of deadMen) each.release();
    },
  };
}

/** Tells a dead-man again and again that the run lives, until it is stopped. */
export function keepRenewing(deadMan: DeadMan, leaseMs: number, clock: Clock): { stop(): Promise<void> } {
  const ending = new AbortController();
  const loop = (async () => {
    while (!ending.signal.aborted) {
      await clock.sleep(leaseMs / RENEWALS, ending.signal).catch(() => undefined);
      // The next one may get through; if none does, the target heals, and says so.
      if (!ending.signal.aborted) await deadMan.renew().catch(() => undefined);
    }
  })();
  return {
    async stop() {
      ending.abort();
      await loop;
    },
  };
}
