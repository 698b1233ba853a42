import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { isAlive, processName, stillRuns, thisProcess, type WrittenProcess } from '../exec/born-at.ts';

const PREFIX = 'ordeal-';
const OWNER = 'owner.json';
/** Before it is said in it whose it is, its name says so. */
const FRESH = `${PREFIX}new-`;
/** Of what `mkdtemp` makes of a name. */
const RANDOM_CHARS = 6;
/** Each folder is emptied again as often, 50 ms later, 100 ms later and so on. */
const REMOVAL = { recursive: true, force: true, maxRetries: 10, retryDelay: 50 };
const Owner = z.object({ pid: z.int(), born: z.string().optional() });

/**
 * A run's scratch folder; its path is short, for unix sockets are made below it. Whose it is stands in it.
 * @param of what it is of, in its name
 */
export function makeWorkDir(of = ''): string {
  const fresh = mkdtempSync(join(tmpdir(), `${FRESH}${processName()}-`));
  writeFileSync(join(fresh, OWNER), JSON.stringify(thisProcess()));
  const folder = join(tmpdir(), PREFIX + of + fresh.slice(-RANDOM_CHARS));
  renameSync(fresh, folder);
  return folder;
}

/** Scratch folders whose run is gone. */
export function abandonedWorkDirs(): string[] {
  return readdirSync(tmpdir())
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => join(tmpdir(), name))
    .filter((folder) => {
      const owner = ownerOf(folder);
      if (owner !== undefined) return !isAlive(owner);
      const maker = makerOf(folder);
      return maker !== undefined && !stillRuns(maker);
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

/** The process that has not said yet whose it is. */
function makerOf(folder: string): string | undefined {
  const name = basename(folder);
  return name.startsWith(FRESH) ? name.slice(FRESH.length).split('-')[0] : undefined;
}
