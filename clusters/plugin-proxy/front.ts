import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { proxyFiles } from './layout.ts';
import { Front, type Stand } from './settings.ts';

/** Writes down who stands in front of whom, on the disk before it returns. */
export function writeFront(front: Front): void {
  const files = proxyFiles(front.stateDir, front.resource);
  mkdirSync(files.root, { recursive: true });
  const fresh = `${files.front}.new`;
  const file = openSync(fresh, 'w', 0o600);
  try {
    writeFileSync(file, JSON.stringify(front));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(fresh, files.front);
}

/** Undefined where nothing stands in front of this resource’s plugin. */
export function readFront({ stateDir, resource }: Pick<Stand, 'stateDir' | 'resource'>): Front | undefined {
  try {
    return Front.parse(JSON.parse(readFileSync(proxyFiles(stateDir, resource).front, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** After the vendor’s plugin was seen to serve again. */
export function removeFront({ stateDir, resource }: Pick<Stand, 'stateDir' | 'resource'>): void {
  rmSync(proxyFiles(stateDir, resource).front, { force: true });
}
