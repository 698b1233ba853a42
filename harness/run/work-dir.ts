import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { isAlive, thisProcess, type WrittenProcess } from '../exec/born-at.ts';

const PREFIX = 'ordeal-';
const OWNER = 'owner.json';
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

export function removeWorkDir(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Undefined for a folder that is none of ours. */
function ownerOf(folder: string): WrittenProcess | undefined {
  try {
    return Owner.parse(JSON.parse(readFileSync(join(folder, OWNER), 'utf8')));
  } catch {
    return undefined;
  }
}
