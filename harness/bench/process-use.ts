import { readdirSync, readFileSync } from 'node:fs';
import { ticksPerSecond } from './child-cpu.ts';

export interface ProcessUse {
  /** Seconds of processor time since their start. */
  cpuS: number;
  /** Resident. */
  memoryKiB: number;
}

/** Fields of /proc/PID/stat behind the command's name, see proc_pid_stat(5). */
const PPID = 1;
const UTIME = 11;
const STIME = 12;

/** What the children of this process whose command line matches have used in all. Linux only. */
export async function childUse(command: RegExp): Promise<ProcessUse> {
  const ticks = await ticksPerSecond();
  const use = { cpuS: 0, memoryKiB: 0 };
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (Number(fields[PPID]) !== process.pid) continue;
      if (!command.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))) continue;
      const resident = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      use.cpuS += (Number(fields[UTIME]) + Number(fields[STIME])) / ticks;
      use.memoryKiB += Number(resident ?? 0);
    } catch {
      // It has ended meanwhile.
    }
  }
  return use;
}
