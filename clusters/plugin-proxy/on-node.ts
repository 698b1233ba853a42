/** What of a proxy is seen and done where the node's sockets are: on the node, or on a machine that shares its folders. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../harness/clock/clock.ts';
import { LedgerWriter } from '../gpu-node/ledger-writer.ts';
import { CHECKPOINT_FILE, type Given, parseCheckpoint } from '../kubelet-api/checkpoint.ts';
import { type Discovered, discover } from './discover.ts';
import { readFront, removeFront } from './front.ts';
import { giveBack, onNode } from './give-back.ts';
import { ownEndpoint, proxyFiles } from './layout.ts';
import type { ProxyEntry } from './log.ts';
import type { Stand } from './settings.ts';

/** The plugin that serves a resource now. @param plugin the file name of its socket, where it is known */
export async function vendorOf(stand: Stand, plugin?: string): Promise<Discovered> {
  if (stands(stand)) return { reason: `a proxy stands in front of ${stand.resource} already` };
  return await discover(stand.devicePlugins, stand.resource, plugin);
}

export function stands(stand: Stand): boolean {
  return readFront(stand) !== undefined || existsSync(ownSocket(stand));
}

/** What the kubelet says that it gave to which pod, of the resource. */
export function givenBy({ devicePlugins, resource }: Stand): Given[] {
  const path = join(devicePlugins, CHECKPOINT_FILE);
  const checkpoint = existsSync(path) ? parseCheckpoint(readFileSync(path, 'utf8')) : undefined;
  return checkpoint?.given.filter((entry) => entry.resource === resource) ?? [];
}

/** Once the proxy is gone. Nothing to do where nobody has written down that it was there. */
export async function backTo(stand: Stand, clock: Clock): Promise<void> {
  const front = readFront(stand);
  if (!front) return;
  await onNode(front, (node) => giveBack(front.vendor, node, { clock, log: logOf(front, clock) }));
  removeFront(front);
}

export function logOf({ stateDir, resource }: Pick<Stand, 'stateDir' | 'resource'>, clock: Clock) {
  return new LedgerWriter<ProxyEntry>(proxyFiles(stateDir, resource).log, clock);
}

export function ownSocket({ devicePlugins, resource }: Stand): string {
  return join(devicePlugins, ownEndpoint(resource));
}
