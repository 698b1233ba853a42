import { createHash } from 'node:crypto';
import { processName, stillRuns } from '../../../harness/exec/born-at.ts';

/** What all namespaces of one lab begin with, and whose it is: a sweep needs nothing but the names. */
export interface LabMark {
  /** Eight hex digits, unique to the lab on this machine. */
  id: string;
  /** The process that the lab belongs to, `PID.BIRTH`. */
  keeper: string;
}

const NAMESPACE = /^ordeal-([0-9a-f]{8})-(\d+\.\d+)-[a-z]+\d*$/;

let labs = 0;

/** The mark of a further lab of this process. */
export function newLabMark(runId: string): LabMark {
  labs += 1;
  const keeper = processName();
  const id = createHash('sha256').update(`${runId}/${keeper}/${labs}`).digest('hex').slice(0, 8);
  return { id, keeper };
}

export function namespaceName({ id, keeper }: LabMark, role: string): string {
  return `ordeal-${id}-${keeper}-${role}`;
}

/** Undefined for a namespace that is none of ours. */
export function markOf(namespace: string): LabMark | undefined {
  const [, id, keeper] = NAMESPACE.exec(namespace) ?? [];
  return id === undefined || keeper === undefined ? undefined : { id, keeper };
}

export function keeperLives({ keeper }: LabMark): boolean {
  return stillRuns(keeper);
}

/** An interface's name has at most 15 characters, and every wireguard-go of a machine needs another one. */
export function tunnelName({ id }: LabMark, end: string): string {
  return `wg${id}-${end}`;
}
