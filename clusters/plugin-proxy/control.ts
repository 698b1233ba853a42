import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startProcess } from '../embedded/process.ts';
import { CHECKPOINT_FILE, type Given, parseCheckpoint } from '../kubelet-api/checkpoint.ts';
import type { ClusterNode } from '../port.ts';
import { bundle } from '../programs/bundle.ts';
import { type Discovered, discover } from './discover.ts';
import { readFront } from './front.ts';
import { ownEndpoint, proxyFiles } from './layout.ts';
import type { ProxySettings, Stand } from './settings.ts';

export { type Given, readFront };

const STANDING_MS = 45_000;

/** Where a proxy for a resource would stand; undefined where the node’s sockets or its state folder are out of reach. */
export function standOn({ kubeletDirs, stateDir }: ClusterNode, resource: string): Stand | undefined {
  if (!kubeletDirs || stateDir === undefined) return undefined;
  const { devicePlugins, podResources } = kubeletDirs;
  return { resource, stateDir, devicePlugins, podResources };
}

/** The plugin that serves a resource now. @param plugin the file name of its socket, where it is known */
export async function vendorOf(
  { devicePlugins, resource, stateDir }: Stand,
  plugin?: string,
): Promise<Discovered> {
  const standing =
    readFront({ resource, stateDir }) !== undefined || existsSync(join(devicePlugins, ownEndpoint(resource)));
  if (standing) return { reason: `a proxy stands in front of ${resource} already` };
  return await discover(devicePlugins, resource, plugin);
}

/**
 * Puts a proxy in front of the vendor’s plugin, and a keeper beside it; both outlive this process.
 * @throws OrdealError PROCESS_NOT_READY (exit 4); the resource is the vendor’s then.
 */
export async function startProxy(settings: ProxySettings, signal: AbortSignal): Promise<void> {
  const { errors, program, root } = proxyFiles(settings.stateDir, settings.resource);
  await rm(root, { recursive: true, force: true });
  await mkdir(root, { recursive: true, mode: 0o700 });
  await writeFile(program, await bundle('plugin-proxy'));
  await startProcess({
    what: `a proxy in front of ${settings.vendor}`,
    argv: [program, 'keep', JSON.stringify(settings)],
    log: errors,
    deadlineMs: STANDING_MS,
    detached: true,
    signal,
  });
}

/** Commands by which whoever is on the node looks for a proxy, and gives its resource back; `sweep` also takes its files. */
export function proxyCommands(stand: Stand) {
  const program = [process.execPath, proxyFiles(stand.stateDir, stand.resource).program];
  const settings = JSON.stringify(stand);
  return {
    look: [...program, 'look', settings],
    mark: `in front of ${stand.resource}`,
    giveBack: [...program, 'give-back', settings],
    sweep: [...program, 'give-back', settings, '--sweep'],
  };
}

/** What the kubelet says that it gave to which pod, of the resource. */
export function givenBy({ devicePlugins, resource }: Stand): Given[] {
  const path = join(devicePlugins, CHECKPOINT_FILE);
  const checkpoint = existsSync(path) ? parseCheckpoint(readFileSync(path, 'utf8')) : undefined;
  return checkpoint?.given.filter((entry) => entry.resource === resource) ?? [];
}

/** A proxy’s files on its node, when it is gone. */
export async function removeProxyFiles({ resource, stateDir }: Stand): Promise<void> {
  await rm(proxyFiles(stateDir, resource).root, { recursive: true, force: true });
}
