import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { redactor } from './own.ts';

/** Above it a file is not read as a whole, and what cannot be looked through does not stay. */
const MOST_BYTES = 128 * 1024 * 1024;

/**
 * Looks through the files below a folder that others wrote, such as a cluster’s logs. Nothing where there is none. A file that
 * cannot be looked through or written, as on a full disk, does not stay.
 */
export function redactFolder(folder: string): void {
  for (const entry of listed(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) redactFolder(path);
    else if (entry.isFile()) redactOrRemove(path);
  }
}

function redactOrRemove(path: string): void {
  try {
    redactFile(path);
  } catch {
    rmSync(path, { force: true });
  }
}

function redactFile(path: string): void {
  if (statSync(path).size > MOST_BYTES) {
    rmSync(path);
    writeFileSync(
      `${path}.left-out`,
      `more than ${MOST_BYTES} bytes: too large to be looked through for secrets\n`,
    );
    return;
  }
  // Byte for byte: not all of them are text.
  const before = readFileSync(path, 'latin1');
  const after = redactor.text(before);
  if (after !== before) writeFileSync(path, after, 'latin1');
}

function listed(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
