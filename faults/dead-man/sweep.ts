import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { WrittenProcess } from '../../harness/exec/born-at.ts';
import { WATCH } from './watch.ts';

/** A dead-man by whose it is and what it watches. */
export function watchedFor({ born, pid }: WrittenProcess, fault: string): string {
  return `${pid}.${born} ${fault}`;
}

/**
 * Ends dead-men, here and in containers, whose work somebody has done. Those of other journals are left alone: a run with
 * another state folder may be all that they have.
 */
export function endWatches(done: ReadonlySet<string>): void {
  // Without /proc (macOS) there are no faults of a kernel either.
  if (!existsSync('/proc')) return;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const words = wordsOf(pid);
    const watch = words.indexOf(WATCH);
    if (watch >= 0 && done.has(words.slice(watch + 1, watch + 3).join(' '))) end(Number(pid));
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
