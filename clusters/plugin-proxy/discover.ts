import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKPOINT_FILE, parseCheckpoint } from '../kubelet-api/checkpoint.ts';
import { DevicePlugin } from '../kubelet-api/device-plugin.ts';
import { type Device, HEALTHY } from '../kubelet-api/messages.ts';
import { OWN_SOCKET } from './layout.ts';

const KUBELET_SOCKET = 'kubelet.sock';
const ANSWER_MS = 2_000;

/** A socket behind which a device plugin answered. */
interface Plugin {
  endpoint: string;
  devices: string[];
}

export type Discovered = { endpoint: string; healthy: number } | { reason: string };

/**
 * The plugin that serves a resource on this node: of those that answer in the kubelet’s folder the one that lists the
 * devices which the kubelet has registered for it.
 * @param endpoint the file name of its socket, where it is known
 */
export async function discover(folder: string, resource: string, endpoint?: string): Promise<Discovered> {
  const registered = registeredIn(folder)?.[resource];
  const asked = endpoint === undefined ? pluginSockets(folder) : [endpoint];
  const plugins: Plugin[] = [];
  for (const name of asked) {
    const devices = await listed(join(folder, name));
    if (devices) plugins.push({ endpoint: name, devices: devices.map(({ ID }) => ID) });
  }
  const found = servedBy(resource, registered, plugins);
  if ('reason' in found) return found;
  const healthy = await healthyOf(join(folder, found.endpoint));
  return healthy === undefined ? { reason: `${found.endpoint} answers no more` } : { ...found, healthy };
}

/** Which of these plugins it is whose devices the kubelet has registered for a resource; a reason where that is not one. */
export function servedBy(
  resource: string,
  registered: readonly string[] | undefined,
  plugins: readonly Plugin[],
): { endpoint: string } | { reason: string } {
  if (!registered || registered.length === 0) {
    return { reason: `the kubelet has no device registered for ${resource}` };
  }
  const serving = plugins.filter(({ devices }) => registered.every((id) => devices.includes(id)));
  const [only, ...others] = serving.map(({ endpoint }) => endpoint);
  if (only === undefined) {
    const seen = plugins.map(({ endpoint }) => endpoint).join(', ') || 'none';
    return {
      reason: `no plugin lists the devices registered for ${resource} (plugins that answer: ${seen})`,
    };
  }
  if (others.length > 0) {
    return {
      reason: `${[only, ...others].join(', ')} all list the devices registered for ${resource}; name one as its plugin`,
    };
  }
  return { endpoint: only };
}

/** How many healthy devices a plugin lists; undefined where it does not answer. */
export async function healthyOf(socket: string): Promise<number | undefined> {
  return (await listed(socket))?.filter(({ health }) => health === HEALTHY).length;
}

/** Whether a plugin, or what stands in front of one, is behind a socket: a proxy that loses its streams lists nothing. */
export async function answers(socket: string): Promise<boolean> {
  const plugin = new DevicePlugin(socket);
  return await plugin
    .options(ANSWER_MS)
    .then(
      () => true,
      () => false,
    )
    .finally(() => plugin.close());
}

/** Sockets in the kubelet’s folder but the kubelet’s and those of proxies. */
function pluginSockets(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name !== KUBELET_SOCKET && !name.startsWith(OWN_SOCKET))
    .filter((name) => lstatSync(join(folder, name), { throwIfNoEntry: false })?.isSocket())
    .sort();
}

function registeredIn(folder: string): Record<string, string[]> | undefined {
  try {
    return parseCheckpoint(readFileSync(join(folder, CHECKPOINT_FILE), 'utf8'))?.registered;
  } catch {
    return undefined;
  }
}

/** A plugin’s first list; undefined where nothing answers as a device plugin does. */
async function listed(socket: string): Promise<Device[] | undefined> {
  const plugin = new DevicePlugin(socket);
  let cancel = () => {};
  let timer: NodeJS.Timeout | undefined;
  try {
    await plugin.options(ANSWER_MS);
    return await new Promise((resolve) => {
      cancel = plugin.listAndWatch({ devices: resolve, ended: () => resolve(undefined) });
      timer = setTimeout(() => resolve(undefined), ANSWER_MS);
    });
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
    cancel();
    plugin.close();
  }
}
