import { existsSync, linkSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../../harness/clock/clock.ts';
import type { KubeletVariant } from '../../../harness/plan/schema.ts';
import type { ContainerAllocateResponse } from '../../kubelet-api/messages.ts';
import { type ContainerSpec, initContainers, mainContainers } from '../pod.ts';
import { isExtended, parseQuantity } from '../quantity.ts';
import { PRE_START_MS } from '../settings.ts';
import type { KubeObject } from '../store.ts';
import { type PodDevices, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { type Endpoint, KUBELET_SOCKET, PluginRegistry, type Stock } from './plugin-registry.ts';
import { rpcWords } from './rpc-words.ts';

export interface DeviceManagerOptions {
  /** The device plugins' folder. */
  folder: string;
  clock: Clock;
  /** Milliseconds that PreStartContainer may take; the kubelet's 30,000 unless told. */
  preStartMs?: number;
  /** Milliseconds that a registering plugin may take to answer; the kubelet's 10,000 unless told. */
  dialMs?: number;
  /** Ways in which it differs from upstream's. */
  variants?: readonly KubeletVariant[];
  /** The pods that hold devices: those that are not terminal. */
  activePods(): ReadonlySet<string>;
  /** Allocatable or capacity may have changed. */
  changed(): void;
  /** The kubelet is to end at once, and its supervisor to start it anew. */
  panic(): void;
}

/** Why the kubelet rejects a pod at admission. */
export class AdmissionError extends Error {
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The kubelet's device manager: who holds which device, from admission to the pod's end. */
export class DeviceManager {
  readonly #options: DeviceManagerOptions;
  readonly #registry: PluginRegistry;
  readonly #stopping = new AbortController();
  readonly #stopped: Promise<never>;
  #allocations: PodDevices[] = [];
  /** Pods that were refused and whose devices stay taken: a variant's, upstream has none. */
  readonly #leaked = new Set<string>();
  #unsaved = false;
  #saving: Promise<void> | undefined;

  constructor(options: DeviceManagerOptions) {
    this.#options = options;
    const { clock, dialMs, folder, variants = [] } = options;
    this.#registry = new PluginRegistry({
      folder,
      clock,
      ...(dialMs !== undefined && { dialMs }),
      tellsStreamsApart: variants.includes('tells-streams-apart'),
      changed: () => {
        this.#save();
        options.changed();
      },
    });
    this.#stopped = new Promise((_, reject) => {
      this.#stopping.signal.addEventListener('abort', () => reject(new Error('the kubelet stopped')));
    });
    this.#stopped.catch(() => undefined);
  }

  /**
   * As at the kubelet's start: sockets of plugins go, what the checkpoint says is held stays held, nothing is
   * allocatable until plugins register. Returns whether there was a checkpoint, for which upstream takes any file in the
   * folder: its own socket is one, made before it looks.
   */
  async start(): Promise<boolean> {
    const checkpoint = readCheckpoint(this.#options.folder);
    this.#allocations = checkpoint?.allocations ?? [];
    await this.#registry.start(Object.keys(checkpoint?.registered ?? {}));
    return checkpoint !== undefined || !this.#is('tells-sockets-apart');
  }

  /** As at a loss of power: the kubelet's own socket stays behind, and nobody serves it. */
  async cut(): Promise<void> {
    const socket = join(this.#options.folder, KUBELET_SOCKET);
    // A fault may have taken it away.
    if (!existsSync(socket)) return await this.stop();
    const left = `${socket}.left`;
    linkSync(socket, left);
    await this.stop();
    renameSync(left, socket);
  }

  /** Whatever waits for a plugin's answer fails at once. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#registry.stop();
    await this.#saving;
  }

  stock(): Map<string, Stock> {
    return this.#registry.stock();
  }

  /** Whether a resource is, or within the last 5 minutes was, a plugin's. */
  serves(resource: string): boolean {
    return this.#registry.has(resource);
  }

  /** What a container holds, of every resource. */
  held(podUid: string, container: string): PodDevices[] {
    return this.#allocations.filter((entry) => entry.podUid === podUid && entry.container === container);
  }

  /** Every healthy device, held or not, for PodResources. */
  allocatable(): { resource_name: string; device_ids: string[] }[] {
    return Object.entries(this.#registry.allHealthy()).flatMap(([resource, ids]) =>
      ids.map((id) => ({ resource_name: resource, device_ids: [id] })),
    );
  }

  /** Gives back what pods hold that are no longer active. */
  freeInactive(): void {
    if (this.#is('keeps-ended-devices')) return;
    const active = this.#options.activePods();
    const kept = this.#allocations.filter(({ podUid }) => active.has(podUid) || this.#leaked.has(podUid));
    if (kept.length === this.#allocations.length) return;
    this.#allocations = kept;
    this.#save();
  }

  /**
   * Allocates for a whole pod, container by container, init containers first; the main ones reuse what those hold.
   * One call a container, without a timeout. @throws AdmissionError UnexpectedAdmissionError.
   */
  async admit(pod: KubeObject): Promise<void> {
    const { uid } = pod.metadata;
    const reusable = new Map<string, Set<string>>();
    const init = new Set(initContainers(pod));
    try {
      for (const container of [...init, ...mainContainers(pod)]) {
        for (const [resource, devices] of await this.#allocateContainer(uid, container, reusable)) {
          const reuse = reusable.get(resource) ?? new Set();
          for (const device of devices) {
            if (init.has(container)) reuse.add(device);
            else reuse.delete(device);
          }
          reusable.set(resource, reuse);
        }
      }
    } catch (error) {
      if (this.#is('leaks-refused-devices')) this.#leaked.add(uid);
      else this.#allocations = this.#allocations.filter(({ podUid }) => podUid !== uid);
      this.#save();
      const words = `Allocate failed due to ${rpcWords(error)}, which is unexpected`;
      throw new AdmissionError('UnexpectedAdmissionError', words);
    }
  }

  /**
   * What Allocate gave a container, after PreStartContainer where the plugin asked for it; where nothing is known of
   * an allocation (its checkpoint was lost), Allocate comes first. @throws Error in the kubelet's words.
   */
  async runOptions(podUid: string, container: ContainerSpec): Promise<ContainerAllocateResponse[]> {
    for (const [resource] of this.#wanted(container)) {
      const held = this.held(podUid, container.name).find((entry) => entry.resource === resource);
      const endpoint = this.#registry.endpoint(resource);
      if (!held) await this.#allocateContainer(podUid, container, new Map());
      else if (endpoint?.options?.pre_start_required && !this.#is('skips-prestart'))
        await this.#preStart(resource, endpoint, held.devices);
    }
    if (this.#is('withholds-devices')) return [];
    return this.held(podUid, container.name).map(({ response }) => response);
  }

  #is(variant: KubeletVariant): boolean {
    return this.#options.variants?.includes(variant) ?? false;
  }

  async #preStart(resource: string, { plugin }: Endpoint, devices: string[]): Promise<void> {
    const failed = (words: string) =>
      new Error(`device plugin PreStartContainer rpc failed with err: ${words}`);
    if (!plugin) throw failed(`endpoint ${resource} has been stopped`);
    try {
      const limit = this.#options.preStartMs ?? PRE_START_MS;
      await Promise.race([plugin.preStart({ devices_ids: devices }, limit), this.#stopped]);
    } catch (error) {
      throw failed(rpcWords(error));
    }
  }

  /** The devices that a container asks for and that are, or were, a plugin's. */
  #wanted(container: ContainerSpec): [resource: string, quantity: number][] {
    return Object.entries(container.resources?.limits ?? {})
      .filter(
        ([resource]) =>
          isExtended(resource) &&
          (this.serves(resource) || this.#allocations.some((entry) => entry.resource === resource)),
      )
      .map(([resource, quantity]) => [resource, parseQuantity(quantity)] as const)
      .filter(([, quantity]) => quantity > 0)
      .map(([resource, quantity]) => [resource, quantity]);
  }

  async #allocateContainer(
    podUid: string,
    container: ContainerSpec,
    reusable: ReadonlyMap<string, ReadonlySet<string>>,
  ): Promise<[resource: string, devices: string[]][]> {
    const given: [string, string[]][] = [];
    const wanted = this.#wanted(container);
    if (wanted.length > 0) this.freeInactive();
    for (const [resource, needed] of wanted) {
      const reuse = reusable.get(resource) ?? new Set();
      given.push([resource, await this.#allocate(podUid, container.name, resource, needed, reuse)]);
    }
    return given;
  }

  async #allocate(
    podUid: string,
    container: string,
    resource: string,
    needed: number,
    reuse: ReadonlySet<string>,
  ): Promise<string[]> {
    const already = this.held(podUid, container).find((entry) => entry.resource === resource);
    if (already && this.#options.variants?.includes('admits-unregistered')) return already.devices;
    if (!this.serves(resource)) throw new Error(`cannot allocate unregistered device ${resource}`);
    const healthy = this.#registry.healthy(resource);
    if (healthy.length === 0)
      throw new Error(`no healthy devices present; cannot allocate unhealthy devices ${resource}`);
    if (already?.devices.some((id) => !healthy.includes(id))) {
      throw new Error(
        `previously allocated devices are no longer healthy; cannot allocate unhealthy devices ${resource}`,
      );
    }
    if (already) return already.devices;
    const must = [...reuse].slice(0, needed);
    const taken = new Set(
      this.#allocations.filter((entry) => entry.resource === resource).flatMap(({ devices }) => devices),
    );
    const available = healthy.filter((id) => this.#is('gives-held-devices') || !taken.has(id));
    if (available.length < needed - must.length) {
      throw new Error(
        `requested number of devices unavailable for ${resource}. Requested: ${needed - must.length}, Available: ${available.length}`,
      );
    }
    const endpoint = this.#registry.endpoint(resource);
    const devices = await this.#choose(endpoint, available, must, needed);
    // Held from now on: the call below may take long, and what is asked for meanwhile must not get the same.
    const entry: PodDevices = { podUid, container, resource, devices, response: {} };
    this.#allocations.push(entry);
    if (!endpoint?.plugin) throw new Error(`endpoint ${resource} has been stopped`);
    const request = { container_requests: [{ devices_ids: devices }] };
    const answer = await Promise.race([endpoint.plugin.allocate(request), this.#stopped]).catch((error) => {
      if (this.#is('panics-at-broken-allocate')) this.#options.panic();
      throw error;
    });
    const [response] = answer.container_responses;
    if (!response) throw new Error(`no containers return in allocation response ${JSON.stringify(answer)}`);
    entry.response = response;
    this.#save();
    return devices;
  }

  async #choose(
    endpoint: Endpoint | undefined,
    available: string[],
    must: string[],
    needed: number,
  ): Promise<string[]> {
    const offered = endpoint?.options?.get_preferred_allocation_available;
    if (must.length === needed || !endpoint?.plugin || !offered)
      return [...must, ...available].slice(0, needed);
    const request = {
      available_deviceIDs: [...must, ...available].sort(),
      must_include_deviceIDs: must,
      allocation_size: needed,
    };
    const answer = await Promise.race([
      endpoint.plugin.preferred({ container_requests: [request] }),
      this.#stopped,
    ]);
    const liked = (answer.container_responses[0]?.deviceIDs ?? []).filter((id) => available.includes(id));
    return [...new Set([...must, ...liked, ...available])].slice(0, needed);
  }

  /** Soon, and once for whatever changes meanwhile: a rename over a file may wait for the disk. */
  #save(): void {
    if (this.#stopping.signal.aborted) return;
    this.#unsaved = true;
    this.#saving ??= this.#write().finally(() => {
      this.#saving = undefined;
    });
  }

  async #write(): Promise<void> {
    while (this.#unsaved) {
      this.#unsaved = false;
      const checkpoint = { allocations: this.#allocations, registered: this.#registry.allHealthy() };
      await writeCheckpoint(this.#options.folder, checkpoint).catch((error) => process.emitWarning(error));
    }
  }
}
