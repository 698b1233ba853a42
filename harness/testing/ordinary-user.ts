import { chownSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NOBODY = 64_321;
const root = process.getuid?.() === 0;

/** For a spawn: where the tests run as root, a user of no name; otherwise who runs them. */
export const ordinaryUser = root ? { uid: NOBODY, gid: NOBODY } : {};

/** A new folder that is that user's and nobody else's. */
export function ordinaryFolder(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  if (root) chownSync(folder, NOBODY, NOBODY);
  return folder;
}
