import { readFileSync } from 'node:fs';

/**
 * A file's text; undefined where there is none: what was listed a moment before may be gone, for two may clean at once.
 * @throws Error where it is there and cannot be read
 */
export function readPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
