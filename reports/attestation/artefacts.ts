import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { EXIT, OrdealError } from '../../harness/errors/error.ts';

/** Below the run's folder. */
export const ATTESTATION_FILE = 'attestation.dsse.json';

/** SHA-256 in hexadecimal, by path below the run's folder with `/` between its parts. */
export type Artefacts = ReadonlyMap<string, string>;

/**
 * Every file below a run's folder but its attestation: what lies there is evidence, and what was put there since is not.
 * @throws OrdealError ARTEFACT_ODD (exit 4) for a link or what is no file: it could change without the folder changing.
 */
export async function artefactsIn(dir: string): Promise<Artefacts> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const artefacts = new Map<string, string>();
  const named = entries.map((entry) => ({
    entry,
    name: relative(dir, join(entry.parentPath, entry.name)).replaceAll(sep, '/'),
  }));
  for (const { entry, name } of named.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isDirectory() || name === ATTESTATION_FILE) continue;
    if (!entry.isFile()) throw odd(dir, name);
    artefacts.set(name, await digest(join(dir, name)));
  }
  return artefacts;
}

async function digest(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

function odd(dir: string, name: string): OrdealError {
  return new OrdealError({
    code: 'ARTEFACT_ODD',
    exit: EXIT.unable,
    tried: `reading the files of ${dir}`,
    seen: `${name} is a link or no file`,
    todo: 'give the folder as the run left it: files and folders alone',
  });
}
