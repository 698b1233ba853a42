import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { stillRuns } from '../../harness/exec/born-at.ts';
import { WATCH } from './watch.ts';

/** Ends the dead-men of runs that are gone, here and in containers, but for those of the faults named: their work is not done. */
export function endWatches(except: ReadonlySet<string>): void {
  // Without /proc (macOS) there are no faults of a kernel either.
  if (!existsSync('/proc')) return;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const words = wordsOf(pid);
    const [owner, fault] = words.slice(words.indexOf(WATCH) + 1);
    if (!words.includes(WATCH) || owner === undefined || fault === undefined) continue;
    if (!stillRuns(owner) && !except.has(fault)) end(Number(pid));
  }
}

function wordsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    // It has ended since.
    return [];
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended since.
  }
}
