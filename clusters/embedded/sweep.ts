import { readlinkSync } from 'node:fs';
import { bornAt, stillRuns } from '../../harness/exec/born-at.ts';
import { environmentOf, machineProcesses } from '../../harness/exec/processes.ts';

/** Environment that every container's process has: whose run it is, and the process that keeps it. */
const RUN = 'ORDEAL_RUN';
const KEEPER = 'ORDEAL_KEEPER';

/** The mark of containers that this process keeps. Without /proc (macOS) the keeper is not named. */
export function containerMark(runId: string): Record<string, string> {
  const born = bornAt(process.pid);
  return { [RUN]: runId, ...(born && { [KEEPER]: `${process.pid}.${born}` }) };
}

/**
 * Kills the processes of containers whose keeper was killed, where /proc shows them; a container's first process dies
 * with its keeper, what it had started may not. Returns what they were, a line each.
 */
export function sweepContainers(): string[] {
  const swept: string[] = [];
  const here = namespaceOf('self');
  for (const { pid, run, keeper } of markedProcesses()) {
    // Of a harness in a container the keeper has another PID here.
    if (namespaceOf(pid) !== here || stillRuns(keeper)) continue;
    try {
      process.kill(pid, 'SIGKILL');
      swept.push(`process ${pid} of run ${run}`);
    } catch {
      // It ended by itself.
    }
  }
  return swept;
}

function markedProcesses(): { pid: number; run: string; keeper: string }[] {
  return machineProcesses().flatMap(({ pid }) => {
    const env = environmentOf(pid);
    const run = env.get(RUN);
    const keeper = env.get(KEEPER);
    return run === undefined || keeper === undefined ? [] : [{ pid, run, keeper }];
  });
}

/** In which PIDs mean what they mean to this process; undefined where the process is somebody else's, or gone. */
function namespaceOf(pid: number | 'self'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}
