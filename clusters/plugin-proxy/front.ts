import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readPresent } from '../../harness/exec/read-present.ts';
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
  const text = readPresent(proxyFiles(stateDir, resource).front);
  return text === undefined ? undefined : Front.parse(JSON.parse(text));
}

/** After the vendor’s plugin was seen to serve again. */
export function removeFront({ stateDir, resource }: Pick<Stand, 'stateDir' | 'resource'>): void {
  rmSync(proxyFiles(stateDir, resource).front, { force: true });
}
