import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../harness/exec/exec.ts';

/** A file system of its own on a folder that is there; gone with `unmount`. For root. */
export async function mountSmall(folder: string, kib: number): Promise<{ unmount(): Promise<void> }> {
  await run(['mount', '-t', 'tmpfs', '-o', `size=${kib}k`, 'ordeal-test', folder]);
  // Lazily: what was killed in it may still have files open.
  return { unmount: async () => void (await run(['umount', '--lazy', folder])) };
}

/** Takes all the room that there is. */
export function fill(folder: string): { free(): void } {
  const path = join(folder, 'filler');
  try {
    for (;;) writeFileSync(path, Buffer.alloc(4_096), { flag: 'a' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
  return { free: () => rmSync(path) };
}
