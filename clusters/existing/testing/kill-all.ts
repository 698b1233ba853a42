import { waitFor } from '../../../harness/clock/wait-for.ts';
import { environmentOf, machineProcesses } from '../../../harness/exec/processes.ts';

/**
 * Ends whatever runs with this state folder, as where the machine is gone: the command, its dead-men, its caretaker and each
 * kubectl. None of them acts on the end of another: all are stopped before one is killed. Resolves when none is there.
 */
export async function killAllOf(stateHome: string): Promise<void> {
  const stopped = new Set<number>();
  for (;;) {
    // What one of them has started before it was stopped is seen the next time.
    const fresh = runningWith(stateHome).filter((pid) => !stopped.has(pid));
    if (fresh.length === 0) break;
    for (const pid of fresh) {
      signal(pid, 'SIGSTOP');
      stopped.add(pid);
    }
  }
  for (const pid of stopped) signal(pid, 'SIGKILL');
  await waitFor(() => runningWith(stateHome).length === 0, {
    what: `the end of what runs with ${stateHome}`,
    deadlineMs: 10_000,
  });
}

function runningWith(stateHome: string): number[] {
  const pids = machineProcesses().map(({ pid }) => pid);
  return pids.filter((pid) => environmentOf(pid).get('XDG_STATE_HOME') === stateHome);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended since.
  }
}
