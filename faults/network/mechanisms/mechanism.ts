import { messageOf } from '../../../harness/errors/error.ts';
import type { HealRecord } from '../../journal.ts';
import type { FaultContext, Gone, Seen } from '../../port.ts';
import type { Change } from '../change.ts';
import type { Port } from '../lanes.ts';

/** One way of doing a fault to a link. Several are tried in order; the first that the link's kernel has is taken. */
export interface Mechanism {
  name: string;
  /** Why it cannot be done this way here; undefined where it can. */
  lacks(): Promise<string | undefined>;
  /** What foreign thing is in the way: a refusal, whatever else could be tried. */
  inTheWay(): Promise<string | undefined>;
  /** Interfaces of kernels that it is felt at; none where it asks a relay. */
  touches: readonly Port[];
  healRecord(): HealRecord;
  inject(context: FaultContext): Promise<void>;
  /** By the target's own counters. */
  bite(context: FaultContext): Promise<Seen>;
  heal(): Promise<void>;
  gone(): Promise<Gone>;
}

/** What a mechanism of the kernel is put together from. */
export interface Part {
  name: string;
  lacks(): Promise<string | undefined>;
  changes: readonly Change[];
  /** Reads what counts on from before the injection. */
  baseline?(): Promise<void>;
  /** Datagrams touched since the injection, by what was done to them; each has to be above 0 for a bite. */
  touched(): Promise<Record<string, number>>;
}

/** Changes of kernels, made in order and taken back in reverse. */
export function kernelMechanism(parts: readonly Part[]): Mechanism {
  const changes = parts.flatMap((part) => part.changes);
  const backwards = [...changes].reverse();
  return {
    name: parts.map(({ name }) => name).join(' and '),
    lacks: () => first(parts, (part) => part.lacks()),
    inTheWay: () => first(changes, (change) => change.inTheWay()),
    touches: changes.flatMap(({ at }) => at ?? []),
    healRecord: () => ({ by: 'commands', undo: backwards.map(({ undo }) => undo) }),
    async inject() {
      for (const part of parts) await part.baseline?.();
      for (const change of changes) await change.make();
    },
    async bite() {
      const counts: Record<string, number> = {};
      for (const part of parts) Object.assign(counts, await part.touched());
      return {
        seen: Object.values(counts).every((count) => count > 0),
        evidence: Object.entries(counts)
          .map(([what, count]) => `${what}: ${count}`)
          .join(', '),
      };
    },
    async heal() {
      const failures: string[] = [];
      for (const change of backwards) {
        // One that resists keeps none of the others from being healed.
        await change.takeBack().catch((error) => failures.push(messageOf(error)));
      }
      if (failures.length > 0) throw new Error(failures.join('; '));
    },
    gone: () => goneOf(changes),
  };
}

/** Whether none of these changes is there any more. */
export async function goneOf(changes: readonly Pick<Change, 'state' | 'undo'>[]): Promise<Gone> {
  const left: string[] = [];
  const vanished: string[] = [];
  for (const { state, undo } of changes) {
    const now = await state();
    if (now === 'there') left.push(undo.what);
    if (now === 'vanished') vanished.push(undo.what);
  }
  if (left.length > 0) return { seen: false, evidence: left.join(', ') };
  if (vanished.length === 0) return { seen: true, evidence: `${changes.length} changes read back and gone` };
  return { seen: true, vanished: true, evidence: `gone with its target: ${vanished.join(', ')}` };
}

async function first<T>(
  items: readonly T[],
  ask: (item: T) => Promise<string | undefined>,
): Promise<string | undefined> {
  for (const item of items) {
    const reason = await ask(item);
    if (reason !== undefined) return reason;
  }
  return undefined;
}
