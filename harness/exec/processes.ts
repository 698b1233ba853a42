import { existsSync, readdirSync, readFileSync } from 'node:fs';

export interface MachineProcess {
  pid: number;
  parent: number;
  argv: readonly string[];
}

/** A process's environment as it was started with; empty where it is somebody else's, or gone. */
export function environmentOf(pid: number): ReadonlyMap<string, string> {
  try {
    const pairs = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return new Map(
      pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    );
  } catch {
    return new Map();
  }
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
