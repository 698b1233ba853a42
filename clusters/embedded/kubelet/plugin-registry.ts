import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../../harness/clock/clock.ts';
import { DevicePlugin, serveRegistration } from '../../kubelet-api/device-plugin.ts';
import {
  type DevicePluginOptions,
  HEALTHY,
  PLUGIN_API_VERSION,
  type RegisterRequest,
} from '../../kubelet-api/messages.ts';
import type { Listening } from '../../kubelet-api/transport.ts';
import { isExtended } from '../quantity.ts';
import { rpcWords } from './rpc-words.ts';

/** The kubelet's own figures: dialling back to a plugin, and how long capacity outlives a plugin. */
const DIAL_MS = 10_000;
const CAPACITY_GRACE_MS = 5 * 60_000;

/** `domain/name` of at most 63 letters after the slash, as the API takes it for an extended resource. */
const RESOURCE_NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/;

/** In the device plugins' folder. */
export const KUBELET_SOCKET = 'kubelet.sock';

/** Who serves a resource now; without a plugin, it has stopped. */
export interface Endpoint {
  plugin: DevicePlugin | undefined;
  options: DevicePluginOptions | undefined;
  cancel: () => void;
  stoppedAt: number | undefined;
}

export interface Stock {
  capacity: number;
  allocatable: number;
}

export interface RegistryOptions {
  /** The device plugins' folder. */
  folder: string;
  clock: Clock;
  dialMs?: number;
  /** An old plugin's end is not taken for that of its successor; upstream's kubelet takes it so. */
  tellsStreamsApart?: boolean;
  /** Devices came, went, or changed their health. */
  changed(): void;
}

/** Which plugin serves which resource, and its devices: the v1beta1 registration, from the kubelet's side. */
export class PluginRegistry {
  readonly #options: RegistryOptions;
  readonly #endpoints = new Map<string, Endpoint>();
  /** Resource → device ID → healthy. Kept by resource, whichever plugin said it, as the kubelet does. */
  readonly #devices = new Map<string, Map<string, boolean>>();
  #server: Listening | undefined;
  #stopped = false;

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  /** Sockets of plugins go; `known` resources (of the checkpoint) count as registered once and stopped. */
  async start(known: readonly string[]): Promise<void> {
    const { clock, folder } = this.#options;
    for (const file of readdirSync(folder)) {
      // A plugin that goes takes its own along meanwhile.
      const found = lstatSync(join(folder, file), { throwIfNoEntry: false });
      if (found?.isSocket()) rmSync(join(folder, file), { force: true });
    }
    for (const resource of known) {
      this.#devices.set(resource, new Map());
      this.#endpoints.set(resource, {
        plugin: undefined,
        options: undefined,
        cancel: () => {},
        stoppedAt: clock.mono(),
      });
    }
    this.#server = await serveRegistration(join(folder, KUBELET_SOCKET), (request) =>
      this.#register(request),
    );
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const endpoints = [...this.#endpoints.values()];
    this.#endpoints.clear();
    for (const { cancel, plugin } of endpoints) {
      cancel();
      plugin?.close();
    }
    await this.#server?.close();
  }

  has(resource: string): boolean {
    return this.#devices.has(resource);
  }

  endpoint(resource: string): Endpoint | undefined {
    return this.#endpoints.get(resource);
  }

  /** Healthy devices of a resource, in the plugin's order. */
  healthy(resource: string): string[] {
    return [...(this.#devices.get(resource) ?? [])].filter(([, well]) => well).map(([id]) => id);
  }

  /** Healthy devices of every resource. */
  allHealthy(): Record<string, string[]> {
    return Object.fromEntries(
      [...this.#devices.keys()].map((resource) => [resource, this.healthy(resource)]),
    );
  }

  /** What each resource comes to. One whose plugin has been gone for 5 minutes is nothing, this time and no more. */
  stock(): Map<string, Stock> {
    const stock = new Map<string, Stock>();
    for (const [resource, devices] of this.#devices) {
      const stoppedAt = this.#endpoints.get(resource)?.stoppedAt;
      const over = stoppedAt !== undefined && this.#options.clock.mono() - stoppedAt > CAPACITY_GRACE_MS;
      if (over) {
        this.#devices.delete(resource);
        this.#endpoints.delete(resource);
      }
      stock.set(resource, {
        capacity: over ? 0 : devices.size,
        allocatable: over ? 0 : this.healthy(resource).length,
      });
    }
    return stock;
  }

  async #register({ version, endpoint: file, resource_name: resource }: RegisterRequest): Promise<void> {
    if (version !== PLUGIN_API_VERSION) {
      throw new Error(
        `requested API version "${version}" is not supported by kubelet. Supported version is ["${PLUGIN_API_VERSION}"]`,
      );
    }
    if (!isExtended(resource) || !RESOURCE_NAME.test(resource))
      throw new Error(`the ResourceName "${resource}" is invalid`);
    const socket = join(this.#options.folder, file);
    const plugin = new DevicePlugin(socket);
    let options: DevicePluginOptions;
    try {
      options = await plugin.options(this.#options.dialMs ?? DIAL_MS);
    } catch (error) {
      plugin.close();
      throw new Error(`failed to dial device plugin with socketPath ${socket}: ${rpcWords(error)}`);
    }
    if (this.#stopped) {
      plugin.close();
      throw new Error('the kubelet stopped');
    }
    const endpoint: Endpoint = { plugin, options, cancel: () => {}, stoppedAt: undefined };
    this.#endpoints.set(resource, endpoint);
    if (!this.has(resource)) this.#devices.set(resource, new Map());
    endpoint.cancel = plugin.listAndWatch({
      devices: (list) => {
        if (!this.#endpoints.has(resource)) return;
        this.#devices.set(resource, new Map(list.map(({ ID, health }) => [ID, health === HEALTHY])));
        this.#options.changed();
      },
      ended: () => {
        plugin.close();
        if (this.#options.tellsStreamsApart && this.#endpoints.get(resource) !== endpoint) return;
        this.#lost(resource);
      },
    });
  }

  /**
   * A ListAndWatch ended. Plugins are known by their resource alone, so whichever stream it was, the endpoint that is
   * registered now is taken for dead: a late disconnect of an old plugin takes the new one with it. That is what
   * Kubernetes 1.34 does, and what a plugin has to live with.
   */
  #lost(resource: string): void {
    const endpoint = this.#endpoints.get(resource);
    if (!endpoint || endpoint.stoppedAt !== undefined) return;
    endpoint.stoppedAt = this.#options.clock.mono();
    endpoint.cancel();
    endpoint.plugin?.close();
    endpoint.plugin = undefined;
    const devices = this.#devices.get(resource) ?? new Map();
    for (const id of devices.keys()) devices.set(id, false);
    this.#options.changed();
  }
}
