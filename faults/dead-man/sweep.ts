import { processName, type WrittenProcess } from '../../harness/exec/born-at.ts';
import { machineProcesses } from '../../harness/exec/processes.ts';
import { WATCH } from './watch.ts';

/** A dead-man by whose it is and what it watches. */
export function watchedFor(owner: WrittenProcess, fault: string): string {
  return `${processName(owner)} ${fault}`;
}

/**
 * Ends dead-men, here and in containers, whose work somebody has done. Those of other journals are left alone: a run with
 * another state folder may be all that they have.
 */
export function endWatches(done: ReadonlySet<string>): void {
  for (const { argv, pid } of machineProcesses()) {
    const watch = argv.indexOf(WATCH);
    if (watch >= 0 && done.has(argv.slice(watch + 1, watch + 3).join(' '))) end(pid);
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended since.
  }
}
