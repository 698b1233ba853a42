import { readFileSync } from 'node:fs';

/** A process's start in the kernel's ticks since boot, for a PID alone is given out again; undefined where it is gone. */
export function bornAt(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Field 22, counted behind the command's name, which may hold blanks and brackets.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

/** Whether the process still runs that was named `PID.BIRTH`. */
export function stillRuns(name: string): boolean {
  const [pid, born] = name.split('.');
  return bornAt(Number(pid)) === born;
}
