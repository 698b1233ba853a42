import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';

/** Where built things are kept between runs: `$ORDEAL_CACHE`, else `ordeal` in the XDG cache folder. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  return env.ORDEAL_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ordeal');
}

/** Ten hexadecimal digits that stand for these inputs, in this order. */
export function contentKey(...inputs: (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const input of inputs) {
    // The length keeps ['ab', 'c'] and ['a', 'bc'] apart.
    hash.update(`${input.length}:`).update(input);
  }
  return hash.digest('hex').slice(0, 10);
}

/** Every file below `folder` as name, mode and content, in one order: what a content key is made of. */
export async function folderContents(folder: string): Promise<(string | Uint8Array)[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents: (string | Uint8Array)[] = [];
  for (const file of files.sort()) {
    const executable = ((await stat(file)).mode & 0o100) !== 0;
    contents.push(`${relative(folder, file)} ${executable}`, await readFile(file));
  }
  return contents;
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/**
 * The cached file or folder `path`, made by `make` when it is not there. `make` writes to a name of its own, which
 * becomes `path` in one step: an interrupted build leaves nothing that looks finished.
 */
export async function cached(path: string, make: (partial: string) => Promise<void>): Promise<string> {
  if (await exists(path)) return path;
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.partial-${process.pid}`;
  try {
    await make(partial);
    await rename(partial, path).catch(async (error: unknown) => {
      // Another process finished the same build first: its result is as good.
      if (!(await exists(path))) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return path;
}
