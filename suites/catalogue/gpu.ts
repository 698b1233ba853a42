import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Driver } from '../../clusters/gpu-node/driver.ts';
import { gpuNodeFiles } from '../../clusters/gpu-node/layout.ts';
import type { LedgerEntry } from '../../clusters/gpu-node/ledger-writer.ts';
import { Plugin } from '../../clusters/gpu-node/plugin.ts';
import { GpuNodeSettings } from '../../clusters/gpu-node/settings.ts';
import { writeTools } from '../../clusters/gpu-node/tools.ts';
import type { OwnGpu } from '../../faults/gpu/own-gpu.ts';
import type { Clock } from '../../harness/clock/clock.ts';
import type { CatalogueEvents } from './events.ts';
import type { Remedies } from './settings.ts';

const LOOK_MS = 250;
/** Long enough for the kubelet to see the old one go before the new one comes: else it is the row G7. */
const RESTART_MS = 1_000;
/** The node's state folder by the name that its kubelet's host has for it. */
const NODE_STATE = '/var/lib/ordeal';

type Deed = Omit<CatalogueEvents['plugin.did'], 'scenario' | 'plugin'>;

export interface StagedGpuOptions {
  /** The kubelet's folder of device plugins. */
  devicePluginDir: string;
  /** The node's `/var/lib/ordeal`, as a path here. */
  stateDir: string;
  resource: string;
  /** Unique on the node: its devices are called `GPU-<purpose>-<index>`. */
  purpose: string;
  devices: number;
  remedies: Remedies;
  clock: Clock;
  tell(deed: Deed): void;
}

/**
 * A fake GPU node of a scenario's own, in this process: what containers can use is what its driver says. It is right in all
 * but what the scenario's fault and missing remedies make of it.
 */
export class StagedGpu implements OwnGpu {
  readonly #options: StagedGpuOptions;
  readonly #driver: Driver;
  readonly #plugin: Plugin;
  readonly #ending = new AbortController();
  readonly #folder: string;
  #allocations = 0;
  #down = false;
  #supervision: Promise<void> = Promise.resolve();

  constructor(options: StagedGpuOptions) {
    const { clock, devicePluginDir, devices, purpose, remedies, resource, stateDir } = options;
    const own = `catalogue-${purpose}`;
    this.#options = options;
    this.#folder = join(stateDir, own);
    const files = gpuNodeFiles(this.#folder);
    const ledger = { write: (entry: LedgerEntry) => this.#hear(entry) };
    const settings = GpuNodeSettings.parse({
      ...{ resource, gpus: devices, workers: devices, latencyMs: [0, 0], lockMs: 0, wait: 'allocate' },
      defect: remedies.healthCheck ? 'none' : 'false-health',
    });
    writeTools(files);
    this.#driver = new Driver({
      ...{ node: purpose, files, settings, clock, ledger, declared: remedies.declaredDevices },
    });
    this.#plugin = new Plugin({
      ...{ driver: this.#driver, settings, devicePluginDir, files, clock, ledger },
      hostRoot: gpuNodeFiles(join(NODE_STATE, own)).root,
      endpoint: `ordeal-${purpose}.sock`,
      nextAllocation: () => {
        this.#allocations += 1;
        return `${purpose}-${this.#allocations}`;
      },
      ...(!remedies.stableIds && { idOf: (device: string, start: number) => `${device}-${start}` }),
    });
  }

  get openStreams(): number {
    return this.#plugin.openStreams;
  }

  get starts(): number {
    return this.#plugin.starts;
  }

  get impaired(): string[] {
    return this.#driver.impaired;
  }

  async start(): Promise<void> {
    await this.#plugin.start();
    this.#supervision = this.#lookAfter();
  }

  lose(devices: readonly number[]): void {
    if (this.#driver.lose(devices)) this.#plugin.advertise();
  }

  idle(devices: readonly number[]): void {
    this.#driver.idle(devices);
  }

  reloadRuntime(): { associations: number; revoked: number } {
    return this.#driver.reloadRuntime();
  }

  restoreRevoked(): void {
    this.#driver.restoreRevoked();
  }

  async restart(): Promise<void> {
    this.#down = true;
    await this.#plugin.stop('it restarts');
    await this.#options.clock.sleep(RESTART_MS);
    await this.comeBack();
  }

  async goDown(): Promise<void> {
    this.#down = true;
    await this.#plugin.stop('its node goes down');
    this.#driver.clear();
  }

  async comeBack(): Promise<void> {
    if (!this.#down) return;
    await this.#plugin.start();
    this.#down = false;
  }

  /** A word to its containers: a file of that name where Allocate mounts the node's files. */
  async tellContainers(word: string): Promise<void> {
    await writeFile(join(gpuNodeFiles(this.#folder).root, word), '');
  }

  /** For good, at the scenario's end. */
  async end(): Promise<void> {
    this.#ending.abort();
    await this.#supervision;
    await this.#plugin.stop('the scenario ends');
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #lookAfter(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      if (!this.#down) await this.#plugin.lookAfter();
      await clock.sleep(LOOK_MS, signal).catch(() => undefined);
    }
  }

  #hear(entry: LedgerEntry): void {
    const { type, ...said } = entry;
    const devices = 'devices' in said && isTexts(said.devices) ? said.devices : undefined;
    this.#options.tell({
      ...{ what: type, moment: type === 'plugin.allocate' ? 'asked' : 'over' },
      ...(devices && { devices }),
      ...(!devices && { detail: JSON.stringify(said) }),
    });
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
