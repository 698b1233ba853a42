import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundlesOfImages } from '../programs/bundle.ts';
import { cached, contentKey, folderContents } from './cache.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..');
/** Where programs' sources are, and what says which packages they are made with. */
const SOURCE_FOLDERS = ['clusters', 'faults', 'harness', 'suites'];
const LOCK = 'package-lock.json';

const known = new Map<string, Promise<string>>();

/**
 * What an image's key has of the programs in it. They are made to learn it, which takes seconds of a processor: so it is
 * kept in the cache for the sources as they are.
 */
export function programsKey(cache: string): Promise<string> {
  const key = known.get(cache) ?? readKey(cache);
  known.set(cache, key);
  return key;
}

async function readKey(cache: string): Promise<string> {
  const sources = SOURCE_FOLDERS.map((folder) => folderContents(join(REPOSITORY, folder)));
  const key = contentKey(await readFile(join(REPOSITORY, LOCK)), ...(await Promise.all(sources)).flat());
  const kept = await cached(join(cache, 'programs', key), async (partial) => {
    const programs = (await bundlesOfImages()).flatMap(({ file, contents }) => [file, contents]);
    await writeFile(partial, contentKey(...programs));
  });
  return await readFile(kept, 'utf8');
}

/** Writes every program into a folder that is made for them. */
export async function writePrograms(folder: string): Promise<void> {
  await mkdir(folder);
  for (const { file, contents } of await bundlesOfImages()) await writeFile(join(folder, file), contents);
}
