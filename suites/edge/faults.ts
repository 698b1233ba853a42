import type { z } from 'zod';
import { type AnyLink, type EdgeLink, type FoundLink, isFound } from '../../clusters/network/port.ts';
import type { Fault } from '../../faults/port.ts';

/** A kind of fault on one edge's link, as the suite schedules it. */
export interface LinkFaultKind<With = never> {
  schema: z.ZodType<With>;
  /** How long it is held unless the plan says `for`, in ms. */
  holdMs: number;
  /** It cuts the tunnel whatever remedies there are. */
  cuts: boolean;
  /** It is drawn from a seed, its parameter `seed`: the plan's, counted on, unless the fault says another. */
  drawn?: true;
  /** Whether it acts on the host's own traffic as well. */
  host(parameters: With): boolean;
  make(id: string, parameters: With, link: EdgeLink): Fault;
  /** The same on a link that is somebody's; left out where it would touch more than the run's own packets. */
  makeOnFound?(id: string, parameters: With, link: FoundLink): Fault;
}

/** By kind: `network/partition`. The composition root fills it in. */
export type LinkFaultKinds = Readonly<Record<string, LinkFaultKind>>;

/** One that hits the cloud's broker, and no link. */
export const BROKER_RESTART = 'network/broker-restart';
export const BROKER_HOLD_MS = 2_000;

/** A fault of a checked schedule: its kind can be on such a link, and its parameters are the kind's own. */
export function faultOn(link: AnyLink, kind: LinkFaultKind, id: string, parameters: unknown): Fault {
  if (!isFound(link)) return kind.make(id, parameters as never, link);
  if (kind.makeOnFound) return kind.makeOnFound(id, parameters as never, link);
  throw new RangeError(`${id} is no fault of a link that was found`);
}

/** Keeps a kind's own parameter type to itself, so that kinds of all types fit one map. */
export function linkFault<With>(kind: LinkFaultKind<With>): LinkFaultKind {
  return kind as unknown as LinkFaultKind;
}
