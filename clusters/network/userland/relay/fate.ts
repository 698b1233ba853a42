import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import type { Impairment } from '../../port.ts';
import { MESSAGE } from '../tunnel/end.ts';
import type { Traffic } from '../wire/datagram.ts';

/** How long a datagram is held back so that those behind overtake it, where nothing else delays it. */
const HELD_BACK_MS = 10;

/** A datagram that comes to the relay. */
export interface Passing {
  direction: 'to-cloud' | 'to-edge';
  traffic: Traffic;
  messageType: number | undefined;
  /** As it is on the wire between end and relay: with checksum and tunnel header, without IP's and UDP's. */
  bytes: number;
  /** Its checksum is half made. */
  leftToNic: boolean;
}

interface Copy {
  delayMs: number;
  /** Where a bit is flipped, in [0, 1); undefined: nowhere. */
  flipAt: number | undefined;
}

export interface Fate {
  /** Empty where it is lost. */
  copies: Copy[];
  /** The NIC finishes the checksum. */
  finish: boolean;
  rateKbit: number;
  /** Ids of the impairments that touched it. */
  touched: Set<string>;
}

/** Whether an impairment concerns a datagram. */
function matches(impairment: Impairment, { direction, messageType, traffic }: Passing): boolean {
  if (impairment.direction !== 'both' && impairment.direction !== direction) return false;
  if (impairment.match === 'all') return true;
  if (traffic !== 'tunnel') return false;
  if (impairment.match === 'tunnel') return true;
  return messageType === MESSAGE.initiation || messageType === MESSAGE.response;
}

/** What becomes of a datagram under the impairments in force: for each of their effects, the strongest counts. */
export function fateOf(passing: Passing, inForce: readonly Impairment[], random: RandomGenerator): Fate {
  const concerned = inForce.filter((impairment) => matches(impairment, passing));
  const touched = new Set<string>();
  const fate: Fate = { copies: [], finish: passing.leftToNic, rateKbit: 0, touched };
  const strongest = (strength: (impairment: Impairment) => number): Impairment | undefined =>
    concerned.reduce<Impairment | undefined>(
      (best, one) => (strength(one) > (best ? strength(best) : 0) ? one : best),
      undefined,
    );
  const touch = (impairment: Impairment) => touched.add(impairment.id);
  /** Draws whether it happens; the impairment that made it so. */
  const drawn = (percent: (impairment: Impairment) => number): boolean => {
    const impairment = strongest(percent);
    if (!impairment || uniformFloat64(random) * 100 >= percent(impairment)) return false;
    touch(impairment);
    return true;
  };

  // The smallest limit is the strongest.
  const narrow = strongest(({ maxBytes }) => (maxBytes > 0 ? 1 / maxBytes : 0));
  if (narrow && passing.bytes > narrow.maxBytes) {
    touch(narrow);
    return fate;
  }
  if (drawn(({ loss }) => loss)) return fate;
  const defect = concerned.find(({ offloadDefect }) => offloadDefect);
  if (defect) {
    // It went through the broken engine, whether or not there was anything left to do to its checksum.
    touch(defect);
    fate.finish = false;
  }
  const slow = strongest(({ rateKbit }) => (rateKbit > 0 ? 1 / rateKbit : 0));
  if (slow) {
    touch(slow);
    fate.rateKbit = slow.rateKbit;
  }
  const delay = strongest(({ delayMs }) => delayMs);
  const jitter = strongest(({ jitterMs }) => jitterMs);
  const count = drawn(({ duplicate }) => duplicate) ? 2 : 1;
  for (let copy = 0; copy < count; copy += 1) {
    const flipAt = drawn(({ corrupt }) => corrupt) ? uniformFloat64(random) : undefined;
    const overtaken = drawn(({ reorder }) => reorder);
    if (delay) touch(delay);
    if (jitter) touch(jitter);
    const spread = jitter ? (2 * uniformFloat64(random) - 1) * jitter.jitterMs : 0;
    const delayMs = Math.max(0, (delay?.delayMs ?? 0) + spread) + (overtaken ? HELD_BACK_MS : 0);
    fate.copies.push({ delayMs, flipAt });
  }
  return fate;
}
