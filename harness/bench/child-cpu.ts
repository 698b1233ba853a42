import { readFileSync } from 'node:fs';
import { run } from '../exec/exec.ts';

/** Fields of /proc/self/stat behind the command's name: the times of children that were waited for, see proc_pid_stat(5). */
const CUTIME = 13;
const CSTIME = 14;

/**
 * Seconds of processor time that the children of this process, and theirs, have taken and were waited for; a child that
 * still runs counts with nothing. Undefined where there is no /proc.
 */
export async function childCpuSeconds(): Promise<number | undefined> {
  let stat: string;
  try {
    stat = readFileSync('/proc/self/stat', 'utf8');
  } catch {
    return undefined;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[CUTIME]) + Number(fields[CSTIME])) / (await ticksPerSecond());
}

/** What times in /proc are counted in. */
export async function ticksPerSecond(): Promise<number> {
  return Number((await run(['getconf', 'CLK_TCK'])).stdout);
}
