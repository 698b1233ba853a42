import type { Radius } from '../radius/reach.ts';
import type { ClusterLeft, NodeFound } from '../verdict/verdict.ts';

/** One thing that was seen, as a line of `events.jsonl`. The history is append-only and is all a checker gets. */
export interface HistoryEvent<Type extends string = string, Body = unknown> {
  /** 0, 1, 2 … without gaps. */
  seq: number;
  /** Monotonic milliseconds since recording started, on the harness's clock, when the event was appended. */
  mono: number;
  /** Milliseconds since the epoch when the event was appended. */
  wall: number;
  /** Who saw it: `harness`, `node/<name>`, `pod/<namespace>/<name>`, `fault/<kind>`. */
  source: string;
  /** Dotted, lower case: `phase.entered`, `fault.bit`, `gpu.allocated`. */
  type: Type;
  body: Body;
}

export type History = readonly HistoryEvent[];

/** What a writer of history offers; stamping is its job. */
export interface Recorder {
  record(source: string, type: string, body: unknown): HistoryEvent;
  /** Everything recorded so far, in order. */
  readonly events: History;
}

/** Types of the engine's own events; suites add theirs in their own folder. */
export interface EngineEvents {
  'run.started': {
    runId: string;
    ordeal: string;
    seed: number;
    profile: string;
    level: string;
    replay: string;
    /** The plan's suites and requirements, as resolved; histories of before they were recorded have none. */
    judgedBy?: { suites: unknown; requirements: unknown } | undefined;
  };
  'cluster.up': {
    name: string;
    provider: string;
    versions: Record<string, string>;
    evidence: string;
    nodes: string[];
  };
  /** What each node runs, once a run; `unseen`: why nobody knows. */
  'nodes.found': { nodes?: NodeFound[]; unseen?: string };
  /** What a suite’s faults may touch, by the names that the cluster has. */
  'radius.resolved': { suite: string; radius: Radius };
  /** After everything was undone, on a cluster that is someone's: what differs from how it was found, or why nobody knows. */
  'cluster.left': ClusterLeft;
  /** For so long, until now, the API server did not answer. */
  'api.away': { ms: number; reason?: string };
  'phase.entered': { phase: string };
  'phase.left': { phase: string; outcome: 'done' | 'failed' | 'interrupted'; error?: string };
  /** Nothing was injected: the capability is missing, or the heal could not be made durable. */
  'fault.refused': { fault: string; kind: string; target: string; reason: string };
  /** The moment before `inject` is called; from here on the target may be half injected. */
  'fault.injecting': {
    fault: string;
    kind: string;
    target: string;
    mechanism: string;
    /** For so long it may keep the API server from answering; left out where it does not. */
    apiAwayMs?: number;
  };
  'fault.injected': { fault: string; kind: string; target: string; mechanism: string; detail: unknown };
  'fault.bit': { fault: string; bit: boolean; evidence: string };
  /** The target healed itself while the run still wanted the fault: the run was not heard of for a lease. */
  'fault.lapsed': { fault: string; evidence: string };
  /** The moment before `heal` is called. */
  'fault.healing': { fault: string };
  /** After `heal`: `healed` is true only when the fault was seen to be gone, `vanished` where it went with its target. */
  'fault.healed': { fault: string; healed: boolean; vanished?: boolean | undefined; evidence: string };
  'steady.reached': { suite: string; measured: Record<string, number> };
  'steady.missed': { suite: string; reason: string };
  'run.ended': {
    outcome: 'done' | 'failed' | 'interrupted' | 'deadline';
    error?: string;
    /** Of the OrdealError that ended it. */
    code?: string;
    todo?: string;
  };
}

/** Narrows a history to one type of event: those that there are now, where it grows. */
export function eventsOf<Body>(history: History, type: string): HistoryEvent<string, Body>[] {
  return (typesIn(history).get(type) ?? []).slice() as HistoryEvent<string, Body>[];
}

interface Types {
  /** How much of the history has been gone through. */
  length: number;
  byType: Map<string, HistoryEvent[]>;
}

/** By history, which is append-only: what has been gone through stays as it was. */
const known = new WeakMap<History, Types>();

/** A judge asks for a type more often than a history has types, and of most of them there are few events. */
function typesIn(history: History): ReadonlyMap<string, HistoryEvent[]> {
  const before = known.get(history);
  // A shorter one is another one.
  const types = before && before.length <= history.length ? before : { length: 0, byType: new Map() };
  for (; types.length < history.length; types.length++) {
    const event = history[types.length] as HistoryEvent;
    const alike = types.byType.get(event.type);
    if (alike) alike.push(event);
    else types.byType.set(event.type, [event]);
  }
  known.set(history, types);
  return types.byType;
}
