import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../../harness/clock/clock.ts';
import { DevicePlugin, serveRegistration } from '../../kubelet-api/device-plugin.ts';
import {
  type ContainerAllocateResponse,
  type DevicePluginOptions,
  HEALTHY,
  PLUGIN_API_VERSION,
  type RegisterRequest,
} from '../../kubelet-api/messages.ts';
import type { Listening } from '../../kubelet-api/transport.ts';
import { type ContainerSpec, initContainers } from '../pod.ts';
import { isExtended, parseQuantity } from '../quantity.ts';
import type { KubeObject } from '../store.ts';
import { type PodDevices, readCheckpoint, writeCheckpoint } from './checkpoint.ts';

/** The kubelet's own figures: dialling back to a plugin, PreStartContainer, and how long capacity outlives a plugin. */
const DIAL_MS = 10_000;
export const PRE_START_MS = 30_000;
const CAPACITY_GRACE_MS = 5 * 60_000;

interface Endpoint {
  plugin: DevicePlugin | undefined;
  options: DevicePluginOptions;
  cancel: () => void;
  /** Device ID → healthy. */
  devices: Map<string, boolean>;
  stoppedAt: number | undefined;
}

export interface DeviceManagerOptions {
  /** The device plugins' folder. */
  folder: string;
  clock: Clock;
  preStartMs?: number;
  /** The pods that hold devices: those that are not terminal. */
  activePods(): ReadonlySet<string>;
  /** Allocatable or capacity may have changed. */
  changed(): void;
}

/** Why the kubelet rejects a pod at admission. */
export class AdmissionError extends Error {
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The kubelet's device manager: v1beta1 registration, which devices there are and who holds them. */
export class DeviceManager {
  readonly #options: DeviceManagerOptions;
  readonly #endpoints = new Map<string, Endpoint>();
  #allocations: PodDevices[] = [];
  #server: Listening | undefined;

  constructor(options: DeviceManagerOptions) {
    this.#options = options;
  }

  /** As at the kubelet's start: sockets of plugins go, the checkpoint stays, nothing is allocatable until they register. */
  async start(): Promise<void> {
    const { folder } = this.#options;
    for (const file of readdirSync(folder))
      if (file.endsWith('.sock')) rmSync(join(folder, file), { force: true });
    const checkpoint = readCheckpoint(folder);
    this.#allocations = checkpoint?.allocations ?? [];
    for (const resource of Object.keys(checkpoint?.registered ?? {}))
      this.#endpoints.set(resource, this.#gone());
    this.#server = await serveRegistration(join(folder, 'kubelet.sock'), (request) =>
      this.#register(request),
    );
  }

  async stop(): Promise<void> {
    await this.#server?.close();
    for (const endpoint of this.#endpoints.values()) {
      endpoint.cancel();
      endpoint.plugin?.close();
    }
    this.#endpoints.clear();
  }

  /** Capacity and allocatable by resource; a resource drops out 5 minutes after its plugin did. */
  stock(): Map<string, { capacity: number; allocatable: number }> {
    const stock = new Map<string, { capacity: number; allocatable: number }>();
    for (const [resource, { devices, stoppedAt }] of this.#endpoints) {
      if (stoppedAt !== undefined && this.#options.clock.mono() - stoppedAt > CAPACITY_GRACE_MS) {
        this.#endpoints.delete(resource);
        continue;
      }
      const healthy = [...devices.values()].filter(Boolean).length;
      stock.set(resource, { capacity: devices.size, allocatable: healthy });
    }
    return stock;
  }

  /** What a container holds, of every resource. */
  held(podUid: string, container: string): PodDevices[] {
    return this.#allocations.filter((entry) => entry.podUid === podUid && entry.container === container);
  }

  /** Every healthy device, for PodResources. */
  allocatable(): { resource_name: string; device_ids: string[] }[] {
    return [...this.#endpoints].map(([resource, { devices }]) => ({
      resource_name: resource,
      device_ids: [...devices].filter(([, healthy]) => healthy).map(([id]) => id),
    }));
  }

  /** Gives back what pods hold that are no longer active. */
  freeInactive(): void {
    const active = this.#options.activePods();
    const kept = this.#allocations.filter(({ podUid }) => active.has(podUid));
    if (kept.length === this.#allocations.length) return;
    this.#allocations = kept;
    this.#save();
  }

  /**
   * Allocates for a whole pod, container by container, init containers first; the main ones reuse what those hold.
   * One call a container, without a timeout. @throws AdmissionError UnexpectedAdmissionError.
   */
  async admit(pod: KubeObject): Promise<void> {
    this.freeInactive();
    const reusable = new Map<string, Set<string>>();
    const init = new Set(initContainers(pod));
    for (const container of [...init, ...((pod.spec?.containers ?? []) as ContainerSpec[])]) {
      for (const [resource, quantity] of Object.entries(container.resources?.limits ?? {})) {
        if (!isExtended(resource) || !this.#endpoints.has(resource)) continue;
        const reuse = reusable.get(resource) ?? new Set();
        try {
          const devices = await this.#allocate(
            pod.metadata.uid,
            container.name,
            resource,
            parseQuantity(quantity),
            reuse,
          );
          for (const device of devices) {
            if (init.has(container)) reuse.add(device);
            else reuse.delete(device);
          }
        } catch (error) {
          this.#allocations = this.#allocations.filter(({ podUid }) => podUid !== pod.metadata.uid);
          this.#save();
          throw new AdmissionError(
            'UnexpectedAdmissionError',
            `Allocate failed due to ${(error as Error).message}, which is unexpected`,
          );
        }
        reusable.set(resource, reuse);
      }
    }
  }

  /** What Allocate gave a container, after PreStartContainer where the plugin asked for it. @throws a gRPC error. */
  async runOptions(podUid: string, container: string): Promise<ContainerAllocateResponse[]> {
    const held = this.held(podUid, container);
    for (const { resource, devices } of held) {
      const endpoint = this.#endpoints.get(resource);
      if (!endpoint?.options.pre_start_required) continue;
      if (!endpoint.plugin) throw new Error(`endpoint ${resource} has been stopped`);
      await endpoint.plugin.preStart({ devices_ids: devices }, this.#options.preStartMs ?? PRE_START_MS);
    }
    return held.map(({ response }) => response);
  }

  async #allocate(
    podUid: string,
    container: string,
    resource: string,
    needed: number,
    reuse: ReadonlySet<string>,
  ): Promise<string[]> {
    const endpoint = this.#endpoints.get(resource) as Endpoint;
    const already = this.held(podUid, container).find((entry) => entry.resource === resource);
    if (already) return already.devices;
    const healthy = [...endpoint.devices].filter(([, well]) => well).map(([id]) => id);
    if (healthy.length === 0)
      throw new Error(`no healthy devices present; cannot allocate unhealthy devices ${resource}`);
    const must = [...reuse].slice(0, needed);
    const taken = new Set(
      this.#allocations.filter((entry) => entry.resource === resource).flatMap(({ devices }) => devices),
    );
    const available = healthy.filter((id) => !taken.has(id));
    if (available.length < needed - must.length) {
      throw new Error(
        `requested number of devices unavailable for ${resource}. Requested: ${needed - must.length}, Available: ${available.length}`,
      );
    }
    const devices = await this.#choose(endpoint, available, must, needed);
    // Held from now on: the call below may take long, and what is asked for meanwhile must not get the same.
    const entry: PodDevices = { podUid, container, resource, devices, response: {} };
    this.#allocations.push(entry);
    if (!endpoint.plugin) throw new Error(`endpoint ${resource} has been stopped`);
    const { container_responses } = await endpoint.plugin.allocate({
      container_requests: [{ devices_ids: devices }],
    });
    const [response] = container_responses;
    if (!response)
      throw new Error(
        `no containers return in allocation response ${JSON.stringify({ container_responses })}`,
      );
    entry.response = response;
    this.#save();
    return devices;
  }

  async #choose(endpoint: Endpoint, available: string[], must: string[], needed: number): Promise<string[]> {
    if (must.length === needed || !endpoint.plugin || !endpoint.options.get_preferred_allocation_available) {
      return [...must, ...available].slice(0, needed);
    }
    const { container_responses } = await endpoint.plugin.preferred({
      container_requests: [
        {
          available_deviceIDs: [...must, ...available].sort(),
          must_include_deviceIDs: must,
          allocation_size: needed,
        },
      ],
    });
    const liked = (container_responses[0]?.deviceIDs ?? []).filter((id) => available.includes(id));
    return [...new Set([...must, ...liked, ...available])].slice(0, needed);
  }

  async #register({ version, endpoint: file, resource_name: resource }: RegisterRequest): Promise<void> {
    if (version !== PLUGIN_API_VERSION) {
      throw new Error(
        `requested API version "${version}" is not supported by kubelet. Supported version is ["${PLUGIN_API_VERSION}"]`,
      );
    }
    if (!isExtended(resource)) throw new Error(`the ResourceName "${resource}" is invalid`);
    const plugin = new DevicePlugin(join(this.#options.folder, file));
    let options: DevicePluginOptions;
    try {
      options = await plugin.options(DIAL_MS);
    } catch (error) {
      plugin.close();
      throw error;
    }
    const known = this.#endpoints.get(resource)?.devices ?? new Map();
    const devices = new Map([...known].map(([id]) => [id, false] as const));
    const endpoint: Endpoint = { plugin, options, devices, cancel: () => {}, stoppedAt: undefined };
    this.#endpoints.set(resource, endpoint);
    endpoint.cancel = plugin.listAndWatch({
      devices: (list) => {
        endpoint.devices = new Map(list.map(({ ID, health }) => [ID, health === HEALTHY]));
        this.#save();
        this.#options.changed();
      },
      ended: () => {
        plugin.close();
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
    for (const id of endpoint.devices.keys()) endpoint.devices.set(id, false);
    this.#options.changed();
  }

  #gone(): Endpoint {
    const options = { pre_start_required: false, get_preferred_allocation_available: false };
    return {
      plugin: undefined,
      options,
      cancel: () => {},
      devices: new Map(),
      stoppedAt: this.#options.clock.mono(),
    };
  }

  #save(): void {
    const registered = Object.fromEntries(
      [...this.#endpoints].map(([resource, { devices }]) => [
        resource,
        [...devices].filter(([, well]) => well).map(([id]) => id),
      ]),
    );
    writeCheckpoint(this.#options.folder, { allocations: this.#allocations, registered });
  }
}
