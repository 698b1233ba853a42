import { EXIT, type ExitCode } from '../errors/error.ts';
import type { History } from '../history/event.ts';
import { judgeFaults } from '../verdict/faults.ts';
import type { ClusterLeft, FaultVerdict } from '../verdict/verdict.ts';

interface HandOutcome {
  exit: ExitCode;
  /** For standard output. */
  lines: string[];
}

interface Ended {
  /** How the cluster was left, where it was compared. */
  left: ClusterLeft | undefined;
  /** By a signal, before its TTL. */
  interrupted: boolean;
}

/** What the history of a fault by hand comes to: certified only where it bit, was there all the time and was seen to be gone. */
export function handOutcome(history: History, { interrupted, left }: Ended): HandOutcome {
  const [fault] = judgeFaults(history, []);
  if (!fault) return { exit: EXIT.inconclusive, lines: [] };
  const differs = left ? differencesIn(left) : [];
  const lines = [
    `${fault.kind} on ${fault.target}: ${became(fault)}`,
    ...(left ? [leftLine(left, differs)] : []),
  ];
  const { bit, healed, injected, lapsed, vanished } = fault;
  if (!injected || lapsed !== undefined || vanished || !healed || differs.length > 0) {
    return { exit: EXIT.inconclusive, lines };
  }
  if (interrupted) return { exit: EXIT.interrupted, lines };
  return { exit: bit ? EXIT.certified : EXIT.inconclusive, lines };
}

function became({
  biteEvidence,
  bit,
  healed,
  healEvidence,
  injected,
  lapsed,
  vanished,
}: FaultVerdict): string {
  if (!injected) return `not injected: ${biteEvidence}`;
  const end = vanished ? 'VANISHED WITH ITS TARGET' : 'healed';
  return [
    bit ? `bit (${biteEvidence})` : `did not bite (${biteEvidence})`,
    ...(lapsed === undefined ? [] : [`WAS NOT THERE ALL THE TIME (${lapsed})`]),
    healed ? `${end} (${healEvidence})` : `NOT HEALED (${healEvidence})`,
  ].join(', ');
}

/** By the API server's word, as of a run. */
function differencesIn({ ours, others, unseen }: ClusterLeft): string[] {
  return [...ours, ...others, ...(unseen === undefined ? [] : [`it could not be looked at: ${unseen}`])];
}

function leftLine({ compared }: ClusterLeft, differs: readonly string[]): string {
  if (differs.length > 0) return `the cluster is not as it was found: ${differs.join('; ')}`;
  return `the cluster is as it was found: ${compared} nodes were compared`;
}
