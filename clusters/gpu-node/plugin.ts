import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../harness/clock/clock.ts';
import { messageOf } from '../../harness/errors/error.ts';
import { type DeviceStream, registerPlugin, serveDevicePlugin } from '../kubelet-api/device-plugin.ts';
import {
  type AllocateRequest,
  type ContainerAllocateResponse,
  type Device,
  HEALTHY,
  type PreferredAllocationRequest,
  UNHEALTHY,
} from '../kubelet-api/messages.ts';
import type { Listening } from '../kubelet-api/transport.ts';
import type { Driver } from './driver.ts';
import { CONTAINER_GPU_ROOT, ENV_ALLOCATION, ENV_VISIBLE_DEVICES, type gpuNodeFiles } from './layout.ts';
import type { LedgerEntry } from './ledger-writer.ts';
import type { GpuNodeSettings } from './settings.ts';

const ENDPOINT = 'ordeal-gpu.sock';
const KUBELET_SOCKET = 'kubelet.sock';
/**
 * How many allocations of one device keep their association. One pod's init and main containers hold a device at the
 * same time; more than that can only be a kubelet that gave one device twice, which both containers must then show.
 */
const KEPT_ALLOCATIONS = 8;
/** Of the defect `failing-allocate`: each so many-th call fails. */
const FAILING_EACH = 4;

export interface PluginOptions {
  driver: Driver;
  settings: GpuNodeSettings;
  devicePluginDir: string;
  files: ReturnType<typeof gpuNodeFiles>;
  /** The root of `files` as the kubelet's host names it, for mounts. */
  hostRoot: string;
  clock: Clock;
  ledger: { write(entry: LedgerEntry): void };
  /** A name that no other allocation of this node has had. */
  nextAllocation(): string;
  /** Its socket's name; `ordeal-gpu.sock` unless told. */
  endpoint?: string;
  /** What the kubelet is to call a device, asked at each start; as the driver does unless told. */
  idOf?: (device: string, start: number) => string;
}

interface Allocation {
  devices: string[];
  /** Settles when every device is associated, or could not be in time. */
  bound: Promise<void>;
}

/** One device plugin, v1beta1. It serves and registers when told, and again whenever the kubelet lost it. */
export class Plugin {
  readonly #options: PluginOptions;
  readonly #streams = new Set<DeviceStream>();
  readonly #allocations = new Map<string, Allocation>();
  #server: Listening | undefined;
  #registeredWith: number | undefined;
  #everRegistered = false;
  #starts = 0;
  /** The driver's name of each device by the kubelet's, those of earlier starts among them. */
  readonly #named = new Map<string, string>();
  #calls = 0;
  readonly #everLost = new Set<string>();

  constructor(options: PluginOptions) {
    this.#options = options;
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  get starts(): number {
    return this.#starts;
  }

  get #endpoint(): string {
    return this.#options.endpoint ?? ENDPOINT;
  }

  get #socket(): string {
    return join(this.#options.devicePluginDir, this.#endpoint);
  }

  /** Serves first, for the kubelet dials back while it answers Register. */
  async start(): Promise<void> {
    const { driver, ledger } = this.#options;
    this.#starts += 1;
    for (const device of driver.devices) this.#named.set(this.#idOf(device), device);
    this.#server = await serveDevicePlugin(this.#socket, {
      options: () => this.#advertised(),
      watch: (stream) => {
        this.#streams.add(stream);
        stream.send(this.#devices());
        return { closed: () => this.#streams.delete(stream) };
      },
      preferred: (request) => this.#preferred(request),
      allocate: async (request) => ({ container_responses: await this.#allocate(request) }),
      preStart: async ({ devices_ids }) => await this.#preStart(this.#devicesOf(devices_ids)),
    });
    ledger.write({ type: 'plugin.serving', endpoint: this.#endpoint });
    await this.#register();
  }

  async stop(reason: string): Promise<void> {
    for (const stream of this.#streams) stream.end();
    this.#streams.clear();
    await this.#server?.close();
    if (this.#server) this.#options.ledger.write({ type: 'plugin.stopped', reason });
    this.#server = undefined;
    this.#registeredWith = undefined;
  }

  /** Serves and registers again where the kubelet started anew (it deletes the plugins' sockets) or refused us. */
  async lookAfter(): Promise<void> {
    if (!this.#server) return;
    const kubelet = this.#kubelet();
    if (kubelet === undefined || (kubelet === this.#registeredWith && existsSync(this.#socket))) return;
    if (this.#options.settings.defect === 'no-reregister' && this.#everRegistered) return;
    if (existsSync(this.#socket)) {
      await this.#register();
    } else {
      await this.stop('the kubelet removed the socket');
      await this.start();
    }
  }

  /** Tells every kubelet that watches which devices are healthy. */
  advertise(): void {
    for (const stream of this.#streams) stream.send(this.#devices());
  }

  /** Tells every kubelet that watches that there are no devices any more. */
  withdraw(): void {
    this.#options.ledger.write({ type: 'plugin.devices', healthy: [], unhealthy: [] });
    for (const stream of this.#streams) stream.send([]);
  }

  #advertised() {
    return {
      pre_start_required: this.#options.settings.wait === 'prestart',
      get_preferred_allocation_available: true,
    };
  }

  /** The kubelet's socket by its inode; undefined where there is none. */
  #kubelet(): number | undefined {
    return statSync(join(this.#options.devicePluginDir, KUBELET_SOCKET), { throwIfNoEntry: false })?.ino;
  }

  async #register(): Promise<void> {
    const { devicePluginDir, ledger, settings } = this.#options;
    if (settings.defect === 'no-reregister' && this.#everRegistered) return;
    const kubelet = this.#kubelet();
    if (kubelet === undefined) return;
    try {
      await registerPlugin(join(devicePluginDir, KUBELET_SOCKET), {
        endpoint: this.#endpoint,
        resource: settings.resource,
        options: this.#advertised(),
      });
      this.#registeredWith = kubelet;
      this.#everRegistered = true;
      ledger.write({ type: 'plugin.registered', endpoint: this.#endpoint, resource: settings.resource });
    } catch (error) {
      ledger.write({ type: 'plugin.register-failed', reason: messageOf(error) });
    }
  }

  #devices(): Device[] {
    const { driver, ledger, settings } = this.#options;
    for (const device of driver.devices) if (driver.isLost(device)) this.#everLost.add(device);
    const lost = (device: string) =>
      settings.defect === 'lasting-unhealth' ? this.#everLost.has(device) : driver.isLost(device);
    const healthy = (device: string) => settings.defect === 'false-health' || !lost(device);
    const known = settings.defect === 'fewer-after-restart' && this.#everRegistered ? 1 : 0;
    const devices = driver.devices
      .slice(known)
      .map((device) => ({ ID: this.#idOf(device), health: healthy(device) ? HEALTHY : UNHEALTHY }));
    const named = (health: string) =>
      devices.filter((device) => device.health === health).map(({ ID }) => ID);
    ledger.write({ type: 'plugin.devices', healthy: named(HEALTHY), unhealthy: named(UNHEALTHY) });
    return devices;
  }

  #idOf(device: string): string {
    return this.#options.idOf?.(device, this.#starts) ?? device;
  }

  #devicesOf(ids: readonly string[]): string[] {
    return ids.map((id) => this.#named.get(id) ?? id);
  }

  /** The lowest indices first, so that what is chosen does not depend on the kubelet's map order. */
  #preferred({ container_requests }: PreferredAllocationRequest) {
    const order = new Map(this.#options.driver.devices.map((device, index) => [this.#idOf(device), index]));
    return {
      container_responses: container_requests.map((request) => {
        const must = new Set(request.must_include_deviceIDs);
        const rest = request.available_deviceIDs
          .filter((device) => !must.has(device))
          .sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
        return { deviceIDs: [...must, ...rest].slice(0, request.allocation_size) };
      }),
    };
  }

  async #allocate({ container_requests }: AllocateRequest): Promise<ContainerAllocateResponse[]> {
    const { clock, ledger, settings } = this.#options;
    const responses: ContainerAllocateResponse[] = [];
    this.#calls += 1;
    if (settings.defect === 'failing-allocate' && this.#calls % FAILING_EACH === 0)
      throw new Error(`call ${this.#calls} fails`);
    for (const { devices_ids } of container_requests) {
      const devices = this.#devicesOf(devices_ids);
      const given = this.#given(devices);
      const allocation = this.#options.nextAllocation();
      ledger.write({ type: 'plugin.allocate', allocation, devices });
      const askedAt = clock.mono();
      const bound = this.#bind(allocation, given);
      // A binding that nobody waits for may fail unseen by the kubelet; the container then sees no device.
      bound.catch(() => undefined);
      this.#remember(allocation, { devices, bound });
      const answer = { type: 'plugin.allocated', allocation, devices } as const;
      try {
        if (settings.wait === 'allocate') await bound;
        ledger.write({ ...answer, waitedMs: clock.mono() - askedAt });
      } catch (error) {
        ledger.write({ ...answer, waitedMs: clock.mono() - askedAt, error: messageOf(error) });
        throw error;
      }
      responses.push(this.#response(allocation, given));
    }
    return settings.defect === 'wrong-count' ? responses.slice(1) : responses;
  }

  /** What an allocation is really given: what the kubelet chose, but for a defect. */
  #given(chosen: readonly string[]): readonly string[] {
    const { driver, settings } = this.#options;
    const { devices } = driver;
    if (settings.defect === 'duplicate-device') return chosen.map(() => devices[0] as string);
    if (settings.defect !== 'next-device') return chosen;
    return chosen.map((device) => devices[(devices.indexOf(device) + 1) % devices.length] as string);
  }

  #response(allocation: string, devices: readonly string[]): ContainerAllocateResponse {
    const { driver, hostRoot } = this.#options;
    // As nvidia-smi lists them: by their place in the hardware. The kubelet's order is that of a map, another each time.
    const placed = devices.toSorted((a, b) => driver.devices.indexOf(a) - driver.devices.indexOf(b));
    const tool = (name: string) => ({
      container_path: `/usr/bin/${name}`,
      host_path: join(hostRoot, 'bin', name),
      read_only: true,
    });
    return {
      envs: { [ENV_ALLOCATION]: allocation, [ENV_VISIBLE_DEVICES]: placed.join(',') },
      mounts: [
        { container_path: CONTAINER_GPU_ROOT, host_path: hostRoot, read_only: true },
        tool('nvidia-smi'),
        tool('vectorAdd'),
      ],
      // A fake GPU has no device of its own; the null device stands for it, so that the path through the runtime is real.
      devices: [...new Set(devices)].map((device) => ({
        container_path: `/dev/nvidia${driver.devices.indexOf(device)}`,
        host_path: '/dev/null',
        permissions: 'rw',
      })),
    };
  }

  async #preStart(devices: readonly string[]): Promise<void> {
    const { clock, ledger, settings } = this.#options;
    const askedAt = clock.mono();
    const wanted = new Set(devices);
    const pending = [...this.#allocations.values()].filter((allocation) =>
      allocation.devices.some((device) => wanted.has(device)),
    );
    const said = { type: 'plugin.prestart' as const, devices: [...devices] };
    try {
      if (settings.defect !== 'early-prestart') await Promise.all(pending.map(({ bound }) => bound));
      ledger.write({ ...said, waitedMs: clock.mono() - askedAt });
    } catch (error) {
      ledger.write({ ...said, waitedMs: clock.mono() - askedAt, error: messageOf(error) });
      throw error;
    }
  }

  /** Associates; an attempt that outlasts the timeout is given up and made again, so many times. */
  async #bind(allocation: string, devices: readonly string[]): Promise<void> {
    const { clock, driver, settings } = this.#options;
    const wanted = settings.defect === 'forgotten-device' ? devices.slice(0, -1) : [...new Set(devices)];
    for (let attempt = 0; ; attempt++) {
      const associated = Promise.all(wanted.map((device) => driver.associate(allocation, device)));
      if (settings.timeoutMs === 0) {
        await associated;
        return;
      }
      const timeout = new AbortController();
      const inTime = await Promise.race([
        associated.then(() => true),
        clock.sleep(settings.timeoutMs, timeout.signal).then(
          () => false,
          () => true,
        ),
      ]);
      timeout.abort();
      if (inTime) return;
      if (attempt >= settings.retries) {
        throw new Error(
          `no association of ${devices.join(', ')} within ${settings.timeoutMs} ms, ${attempt + 1} times`,
        );
      }
    }
  }

  #remember(allocation: string, entry: Allocation): void {
    this.#allocations.set(allocation, entry);
    for (const device of entry.devices) {
      const holders = [...this.#allocations].filter(([, { devices }]) => devices.includes(device));
      for (const [old] of holders.slice(0, -KEPT_ALLOCATIONS)) this.#allocations.delete(old);
      this.#options.driver.release(device, new Set(holders.slice(-KEPT_ALLOCATIONS).map(([id]) => id)));
    }
  }
}
