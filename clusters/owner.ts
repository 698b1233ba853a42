/** Whose a cluster's folder is, written into it before there is anything of the cluster: who cleans asks nothing else. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isAlive, type WrittenProcess } from '../harness/exec/born-at.ts';
import { replaceFile } from './replaced-file.ts';

const OWNER_FILE = 'owner.json';
const Owner = z.strictObject({
  owner: z.strictObject({ pid: z.int(), born: z.string().optional() }).nullable(),
});

/**
 * Says whose a cluster is: the process that makes it or whose run it is, or nobody's where it is to stay. In one step: who
 * cleans takes a cluster of which nothing readable says whose it is.
 */
export async function writeOwner(folder: string, owner: WrittenProcess | null): Promise<void> {
  await replaceFile(join(folder, OWNER_FILE), { owner });
}

/** `owned`: by a process that lives. `abandoned`: that process is gone; also where nothing says whose it is. */
export async function ownership(folder: string): Promise<'owned' | 'stays' | 'abandoned'> {
  try {
    const { owner } = Owner.parse(JSON.parse(await readFile(join(folder, OWNER_FILE), 'utf8')));
    if (owner === null) return 'stays';
    return isAlive(owner) ? 'owned' : 'abandoned';
  } catch {
    return 'abandoned';
  }
}

export async function isAbandoned(folder: string): Promise<boolean> {
  return (await ownership(folder)) === 'abandoned';
}
