import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../harness/clock/clock.ts';
import { messageOf } from '../../harness/errors/error.ts';
import { DevicePlugin, registerPlugin } from '../kubelet-api/device-plugin.ts';
import { PodResourcesReader } from '../kubelet-api/pod-resources.ts';
import { healthyOf } from './discover.ts';
import { ownEndpoint } from './layout.ts';
import type { ProxyEntry } from './log.ts';
import type { Front } from './settings.ts';

const POLL_MS = 100;
/** A kubelet sees at once that a socket’s other end is gone; a busy machine takes its time. */
const NOTICED_MS = 3_000;
/** How long the kubelet may take from Register to the first list. */
const LISTED_MS = 2_000;
/** How long all devices have to stay allocatable: a late end of the proxy’s stream would take them away again. */
const STEADY_MS = 1_500;
/** Kubelet or plugin not answering for so long: whichever starts anew has the plugin register by itself. */
const SILENT_MS = 4_000;
const REGISTER_MS = 5_000;

/** The resource is the vendor’s again, or whoever starts anew sees to that. */
export type GivenBack = 'given back' | 'the kubelet does not answer' | 'the vendor’s plugin does not answer';

export interface NodeSide {
  /** Healthy devices of the resource by the kubelet’s own word; undefined where it does not answer. */
  allocatable(): Promise<number | undefined>;
  /** Healthy devices that the vendor’s plugin lists; undefined where it does not answer. */
  healthy(): Promise<number | undefined>;
  /** Registers the vendor’s plugin on its behalf. */
  register(): Promise<void>;
}

/**
 * Has the vendor’s plugin serve its resource again, once its proxy is away: only then, for a kubelet that sees the proxy’s
 * stream end after the registration takes the resource for dead. Ends when as many devices as the plugin lists were
 * allocatable for a while, and registers again where they were not.
 */
export async function giveBack(
  vendor: string,
  node: NodeSide,
  { clock, log }: { clock: Clock; log: { write(entry: ProxyEntry): void } },
): Promise<GivenBack> {
  let last: number | undefined;
  const allocatable = async () => {
    const now = await node.allocatable();
    if (now !== undefined && now !== last) log.write({ type: 'allocatable', devices: now });
    last = now ?? last;
    return now;
  };
  const until = async (ms: number, there: (devices: number | undefined) => boolean) => {
    const end = clock.mono() + ms;
    for (;;) {
      if (there(await allocatable())) return true;
      if (clock.mono() >= end) return false;
      await clock.sleep(POLL_MS);
    }
  };
  await until(NOTICED_MS, (devices) => devices === 0 || devices === undefined);
  let kubeletHeard = clock.mono();
  let vendorHeard = clock.mono();
  for (;;) {
    const wanted = await node.healthy();
    const now = await allocatable();
    if (wanted !== undefined && now === wanted) {
      const changed = await until(STEADY_MS, (devices) => devices !== wanted);
      if (!changed) {
        log.write({ type: 'given-back', vendor, devices: wanted });
        return 'given back';
      }
    } else if (wanted !== undefined) {
      const refused = await node.register().then(
        () => undefined,
        (error) => messageOf(error),
      );
      if (refused === undefined) log.write({ type: 'vendor-registered', vendor });
      else log.write({ type: 'vendor-refused', reason: refused });
      await until(LISTED_MS, (devices) => devices === wanted);
    }
    if (now !== undefined) kubeletHeard = clock.mono();
    if (wanted !== undefined) vendorHeard = clock.mono();
    if (clock.mono() - kubeletHeard > SILENT_MS) return 'the kubelet does not answer';
    if (clock.mono() - vendorHeard > SILENT_MS) return 'the vendor’s plugin does not answer';
    await clock.sleep(POLL_MS);
  }
}

/** A node’s own sockets, for as long as `work` takes. */
export async function onNode<T>(front: Front, work: (node: NodeSide) => Promise<T>): Promise<T> {
  const { devicePlugins, podResources, resource, vendor } = front;
  // Nobody is to dial what is not there.
  rmSync(join(devicePlugins, ownEndpoint(resource)), { force: true });
  const socket = join(devicePlugins, vendor);
  const reader = new PodResourcesReader(join(podResources, 'kubelet.sock'), SILENT_MS);
  try {
    return await work({
      async allocatable() {
        const devices = await reader.allocatable().catch(() => undefined);
        return devices
          ?.filter(({ resource_name }) => resource_name === resource)
          .reduce((sum, { device_ids }) => sum + device_ids.length, 0);
      },
      healthy: () => healthyOf(socket),
      async register() {
        const plugin = new DevicePlugin(socket);
        const options = await plugin.options(REGISTER_MS).finally(() => plugin.close());
        const request = { endpoint: vendor, resource, options };
        await registerPlugin(join(devicePlugins, 'kubelet.sock'), request, REGISTER_MS);
      },
    });
  } finally {
    reader.close();
  }
}
