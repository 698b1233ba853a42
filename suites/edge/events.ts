import type { TunnelSample } from '../../clusters/network/port.ts';
import { eventsOf, type History, type HistoryEvent } from '../../harness/history/event.ts';
import type { Evidence } from '../../harness/verdict/verdict.ts';
import type { EdgeLine } from './workload/ledger.ts';

/** A collector's pod, as the orchestrator has it. */
export interface PodSeen {
  uid: string;
  namespace: string;
  name: string;
  node: string | null;
  phase: string;
  ready: boolean;
  /** Of all its containers together. */
  restarts: number;
  gone: boolean;
}

/** What this suite records besides the programs' ledgers. */
interface SuiteEvents {
  'network.up': {
    isolation: string;
    evidence: Evidence;
    versions: Record<string, string>;
    nodes: string[];
    /** The links were there before the run: of their tunnels nothing can be seen. */
    found?: true;
  };
  /** A remedy that the links were asked for, and what they say that they have. */
  'remedy.applied': { node: string; remedy: string; wanted: unknown; seen: unknown };
  'collector.seen': PodSeen;
  /** `missed`: what became of pods in between was not told; left out where nothing was. */
  'watch.trouble': { what: string; missed?: true };
  'tunnel.sample': TunnelSample & { node: string };
  'tunnel.unseen': { node: string; reason: string };
  /** What a fault about to be injected is expected to do, whatever remedies there are. */
  'fault.planned': {
    fault: string;
    kind: string;
    /** Null for the cloud's. */
    node: string | null;
    /** It cuts the tunnel: a disconnect is then the fault's own doing. */
    cuts: boolean;
    /** It acts on what the host sends as well. */
    host: boolean;
    /** How long it is to be held. */
    holdMs: number;
  };
  'watchdog.restarted': { node: string; reason: string; restart: number };
  'watchdog.trouble': { node: string; what: string };
  /** The far end of the webhook got it. */
  'alert.received': { node: string; reason: string; restart: number };
  /** What was measured until here is what has to have arrived at the end. */
  'publishing.cutoff': Record<string, never>;
  'observation.ended': Record<string, never>;
  /** A program of the suite's own ended without being told to. */
  'program.failed': { program: string; exitCode: number | null; said: string };
  /** A line of a ledger that could not be read. */
  'ledger.unreadable': { text: string; reason: string };
}

/** A program's ledger line comes as `ledger.` and its type. */
type LedgerEvents = { [Type in EdgeLine['type'] as `ledger.${Type}`]: Extract<EdgeLine, { type: Type }> };

export type EdgeEvents = SuiteEvents & LedgerEvents;

/** Narrows a history to one type of this suite's events. */
export function edgeEvents<Type extends keyof EdgeEvents>(
  history: History,
  type: Type,
): HistoryEvent<string, EdgeEvents[Type]>[] {
  return eventsOf<EdgeEvents[Type]>(history, type);
}
