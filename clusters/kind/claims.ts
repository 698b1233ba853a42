/**
 * Which folder a kind cluster has, written down before kind makes anything: a network or a container that is there
 * alone would not tell, and whoever cleans would take it for abandoned.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { statePath } from '../../harness/run/state-dir.ts';

const FOLDER = 'kind';

export async function claim(cluster: string, folder: string): Promise<void> {
  await mkdir(statePath(FOLDER), { recursive: true, mode: 0o700 });
  await writeFile(statePath(FOLDER, cluster), folder);
}

/** Undefined where it is nobody's, or was made from another account. */
export async function claimedFolder(cluster: string): Promise<string | undefined> {
  return await readFile(statePath(FOLDER, cluster), 'utf8').catch(() => undefined);
}

/** The clusters that are claimed, whether there is anything of them or not. */
export async function claimedClusters(): Promise<string[]> {
  return await readdir(statePath(FOLDER)).catch(() => []);
}

export async function release(cluster: string): Promise<void> {
  await rm(statePath(FOLDER, cluster), { force: true });
}
