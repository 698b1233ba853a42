import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bundle, type ProgramName } from './bundle.ts';

/**
 * A program as a file that `node` runs: no loader compiles it, and hundreds of modules are one. A process that itself runs
 * from such a file has the others beside it, and makes none.
 * @param folder made; the file goes there
 */
export async function programFile(name: ProgramName, folder: string): Promise<string> {
  const beside = join(dirname(process.argv[1] ?? ''), `${name}.mjs`);
  if (existsSync(beside)) return beside;
  const file = join(folder, `${name}.mjs`);
  await mkdir(folder, { recursive: true });
  await writeFile(file, await bundle(name));
  return file;
}
