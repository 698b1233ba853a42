import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { startProcess } from '../embedded/process.ts';
import { Tail } from '../gpu-node/follow.ts';
import type { Given } from '../kubelet-api/checkpoint.ts';
import type { ClusterNode } from '../port.ts';
import { bundle } from '../programs/bundle.ts';
import { readFront } from './front.ts';
import { proxyFiles } from './layout.ts';
import { givenBy, vendorOf } from './on-node.ts';
import type { ProxySettings, Stand } from './settings.ts';
import type { ProxyCommands, ProxySite } from './site.ts';

export { type Given, type ProxySite, readFront };

const STANDING_MS = 45_000;

/** Where a proxy for a resource of a node would stand; undefined where the kubelet’s sockets are out of reach. */
export function siteOn(node: ClusterNode, resource: string): ProxySite | undefined {
  const stand = standOn(node, resource);
  return stand ? here(stand) : node.proxySite?.(resource);
}

/** Where it would stand on this machine; undefined where the node’s sockets or its state folder are elsewhere. */
export function standOn({ kubeletDirs, stateDir }: ClusterNode, resource: string): Stand | undefined {
  if (!kubeletDirs || stateDir === undefined) return undefined;
  const { devicePlugins, podResources } = kubeletDirs;
  return { resource, stateDir, devicePlugins, podResources };
}

/** By processes of this machine; the dead-man is whoever runs its commands. */
function here(stand: Stand): ProxySite {
  const { log, root } = proxyFiles(stand.stateDir, stand.resource);
  let tail: Tail | undefined;
  return {
    vendorOf: (plugin) => vendorOf(stand, plugin),
    async start({ injection, vendor }, signal) {
      tail = new Tail(log);
      await startProxy({ ...stand, vendor, injection }, signal);
    },
    lines: async () => tail?.lines() ?? [],
    fronted: async () => readFront(stand) !== undefined,
    given: async () => givenBy(stand),
    vanished: async () => !existsSync(stand.stateDir),
    removeFiles: async () => await rm(root, { recursive: true, force: true }),
    commands: () => commandsOf(stand),
  };
}

/** Puts a keeper beside the proxy; both outlive this process. @throws OrdealError PROCESS_NOT_READY (exit 4) */
async function startProxy(settings: ProxySettings, signal: AbortSignal): Promise<void> {
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

function commandsOf(stand: Stand): ProxyCommands {
  const program = [process.execPath, proxyFiles(stand.stateDir, stand.resource).program];
  const settings = JSON.stringify(stand);
  const mark = `in front of ${stand.resource}`;
  return {
    what: `a proxy ${mark}, of ${stand.devicePlugins}`,
    elsewhere: false,
    look: [...program, 'look', settings],
    lookForAll: [...program, 'look', settings, '--sweep'],
    mark,
    giveBack: [...program, 'give-back', settings],
    sweep: [...program, 'give-back', settings, '--sweep'],
  };
}
