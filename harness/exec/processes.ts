import { existsSync, readdirSync, readFileSync } from 'node:fs';

export interface MachineProcess {
  pid: number;
  parent: number;
  argv: readonly string[];
}

/** What runs on this machine; what ended while it was looked at is not among it. Nothing without /proc (macOS). */
export function machineProcesses(): MachineProcess[] {
  if (!existsSync('/proc')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        // Field 4, counted behind the command's name, which may hold blanks and brackets.
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return [{ pid: Number(pid), parent, argv }];
      } catch {
        return [];
      }
    });
}
