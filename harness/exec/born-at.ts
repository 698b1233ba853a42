import { readFileSync } from 'node:fs';

/**
 * A process's start in the kernel's ticks since boot, for a PID alone is given out again; undefined where it is gone, also
 * while its parent has not looked at how it ended.
 */
export function bornAt(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Fields 3 and 22, counted behind the command's name, which may hold blanks and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** A process as it is written down; where there is no /proc, by its PID alone. */
export interface WrittenProcess {
  pid: number;
  born?: string | undefined;
}

export function thisProcess(): WrittenProcess {
  return { pid: process.pid, born: bornAt(process.pid) };
}

export function isAlive({ born, pid }: WrittenProcess): boolean {
  if (born !== undefined) return bornAt(pid) === born;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** What a process is called where a name is all that there is room for: `PID.BIRTH`. This one unless told. */
export function processName({ born, pid }: WrittenProcess = thisProcess()): string {
  return `${pid}.${born}`;
}

/** Whether the process still runs that `processName` has named. */
export function stillRuns(name: string): boolean {
  const [pid, born] = name.split('.');
  // As it is put where there is no /proc.
  if (born === 'undefined') return isAlive({ pid: Number(pid) });
  return bornAt(Number(pid)) === born;
}
