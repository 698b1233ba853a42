import type { z } from 'zod';
import type { EdgeLink } from '../../clusters/network/port.ts';
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
}

/** By kind: `network/partition`. The composition root fills it in. */
export type LinkFaultKinds = Readonly<Record<string, LinkFaultKind>>;

/** One that hits the cloud's broker, and no link. */
export const BROKER_RESTART = 'network/broker-restart';
export const BROKER_HOLD_MS = 2_000;

/** Keeps a kind's own parameter type to itself, so that kinds of all types fit one map. */
export function linkFault<With>(kind: LinkFaultKind<With>): LinkFaultKind {
  return kind as unknown as LinkFaultKind;
}
