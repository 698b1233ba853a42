/** The fault port: capability → inject → evidence that it bit → heal → evidence that it is gone, in that order. */
import type { Cluster } from '../clusters/port.ts';
import type { Clock } from '../harness/clock/clock.ts';
import type { History, Recorder } from '../harness/history/event.ts';
import type { Radius, Reach } from '../harness/radius/reach.ts';
import type { HealRecord } from './journal.ts';

export interface FaultContext {
  cluster: Cluster;
  recorder: Recorder;
  clock: Clock;
  signal: AbortSignal;
  runId: string;
  /** What may be touched: a fault that reaches beyond is not injected. */
  radius: Radius;
  /** Wall ms at which the target heals itself, whatever became of the harness. */
  deadlineWall: number;
  /** How long it waits for a sign of life before it does, in ms; 30 s unless told. */
  leaseMs?: number;
}

export type CapabilityAnswer = { ok: true; mechanism: string } | { ok: false; reason: string };

export interface Seen {
  seen: boolean;
  evidence: string;
}

export interface Gone extends Seen {
  /** Its target is gone, and the fault with it: an outcome of its own. */
  vanished?: boolean;
}

/** A fault bound to its parameters and targets; one object a use. */
export interface Fault {
  /** Unique in the run: `bind-delay-1`. */
  id: string;
  /** `gpu/bind-delay`. */
  kind: string;
  /** What it acts on, for people and for the one-fault-a-target rule. */
  target: string;
  /** All that it may change, whichever mechanism is taken. */
  reach: Reach;
  /**
   * For so long, in ms, it may keep the API server from answering, and no run is inconclusive for that alone. Left out: it does not.
   */
  apiAwayMs?: number;
  /** By what it may be done, in the order in which they are tried. */
  mechanisms: readonly string[];
  capability(context: FaultContext): Promise<CapabilityAnswer>;
  /** What `ordeal clean` needs to heal without this process; on the disk before `inject` is called. */
  healRecord(): HealRecord;
  /** Returns details for the history. May throw half way: heal must cope. */
  inject(context: FaultContext): Promise<unknown>;
  /** Called after `inject`, again and again by the wrapper until seen or its deadline; from the history or from the target itself. */
  bite(context: FaultContext, history: History): Promise<Seen>;
  /** Idempotent; "already gone" is success. */
  heal(context: FaultContext): Promise<void>;
  /** Read back from the target; polled by the wrapper until seen or its deadline. */
  gone(context: FaultContext): Promise<Gone>;
}
