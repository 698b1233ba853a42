import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

const PREFIX = 'ordeal-';
const OWNER = 'owner.json';
const Owner = z.object({ pid: z.int() });

/** A run's scratch folder; its path is short, for unix sockets are made below it. Whose it is stands in it. */
export function makeWorkDir(): string {
  const folder = mkdtempSync(join(tmpdir(), PREFIX));
  writeFileSync(join(folder, OWNER), JSON.stringify({ pid: process.pid }));
  return folder;
}

/** Scratch folders whose run is gone. */
export function abandonedWorkDirs(): string[] {
  return readdirSync(tmpdir())
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => join(tmpdir(), name))
    .filter((folder) => {
      const owner = ownerOf(folder);
      return owner !== undefined && !alive(owner);
    });
}

export function removeWorkDir(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Undefined for a folder that is none of ours. */
function ownerOf(folder: string): number | undefined {
  try {
    return Owner.parse(JSON.parse(readFileSync(join(folder, OWNER), 'utf8'))).pid;
  } catch {
    return undefined;
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
