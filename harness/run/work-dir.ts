import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { isAlive, thisProcess, type WrittenProcess } from '../exec/born-at.ts';

const PREFIX = 'ordeal-';
const OWNER = 'owner.json';
/** Each folder is emptied again as often, 50 ms later, 100 ms later and so on. */
const REMOVAL = { recursive: true, force: true, maxRetries: 10, retryDelay: 50 };
const Owner = z.object({ pid: z.int(), born: z.string().optional() });

/**
 * A run's scratch folder; its path is short, for unix sockets are made below it. Whose it is stands in it.
 * @param of what it is of, in its name
 */
export function makeWorkDir(of = ''): string {
  const folder = mkdtempSync(join(tmpdir(), PREFIX + of));
  writeFileSync(join(folder, OWNER), JSON.stringify(thisProcess()));
  return folder;
}

/** Scratch folders whose run is gone. */
export function abandonedWorkDirs(): string[] {
  return readdirSync(tmpdir())
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => join(tmpdir(), name))
    .filter((folder) => {
      const owner = ownerOf(folder);
      return owner !== undefined && !isAlive(owner);
    });
}

/** It is for whoever looks into it, and no sweep's any more. */
export function keepWorkDir(folder: string): void {
  rmSync(join(folder, OWNER), { force: true });
}

/**
 * Removes it with whatever comes into it meanwhile: processes that ended with their run may still be about their last work.
 * Whose it is goes last, for a sweep finds by that what was broken off.
 */
export async function removeWorkDir(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  await Promise.all(
    names.filter((name) => name !== OWNER).map(async (name) => await rm(join(folder, name), REMOVAL)),
  );
  await rm(folder, REMOVAL);
}

/** Undefined for a folder that is none of ours. */
function ownerOf(folder: string): WrittenProcess | undefined {
  try {
    return Owner.parse(JSON.parse(readFileSync(join(folder, OWNER), 'utf8')));
  } catch {
    return undefined;
  }
}
