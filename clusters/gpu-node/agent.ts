import { join } from 'node:path';
import type { Clock } from '../../harness/clock/clock.ts';
import { messageOf } from '../../harness/errors/error.ts';
import { PodResourcesReader } from '../kubelet-api/pod-resources.ts';
import { ReplacedFile } from '../replaced-file.ts';
import { Driver } from './driver.ts';
import { Exporter, type ExporterAddress } from './exporter.ts';
import { gpuNodeFiles } from './layout.ts';
import { LedgerWriter } from './ledger-writer.ts';
import { Plugin } from './plugin.ts';
import { PODRESOURCES_MS, PodResourcesLog } from './pod-resources-log.ts';
import { type GpuFault, GpuFaults, GpuNodeSettings } from './settings.ts';
import { writeTools } from './tools.ts';

export interface AgentOptions {
  node: string;
  devicePluginDir: string;
  podResourcesDir: string;
  stateDir: string;
  /** The state folder as the kubelet's host names it. */
  hostStateDir: string;
  clock: Clock;
  /** Hears each line of the ledger, too. */
  tell?: (line: string) => void;
  /** Where its Prometheus endpoint is; none unless told. */
  exporter?: ExporterAddress | undefined;
  /** Advertises no device before it ends: a kubelet else counts those of a plugin that is gone for five minutes more. */
  withdraw?: boolean;
  /** Milliseconds between two looks at the settings, the faults, the kubelet; 100 unless told. */
  pollMs?: number;
  /** Milliseconds between two PodResources lists while something is allocated; 400 unless told. */
  podResourcesMs?: number;
}

/** One fake GPU node: driver, plugin, the faults asked of them, and the record of PodResources. */
export class Agent {
  readonly #options: AgentOptions;
  readonly #files: ReturnType<typeof gpuNodeFiles>;
  readonly #ledger: LedgerWriter;
  readonly #settingsFile: ReplacedFile<GpuNodeSettings>;
  readonly #faultsFile: ReplacedFile<GpuFaults>;
  readonly #reader: PodResourcesReader;
  readonly #podResources: PodResourcesLog;
  readonly #exporter: Exporter;
  readonly #faults = new Map<string, GpuFault>();
  /** When each plugin-restart that was asked for may come back, by fault id; kept after, so that each happens once. */
  readonly #restarts = new Map<string, number>();
  readonly #stopping = new AbortController();
  #loops: Promise<void>[] = [];
  #driver: Driver | undefined;
  #plugin: Plugin | undefined;
  #allocations = 0;
  #activeUntil = 0;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#files = gpuNodeFiles(options.stateDir);
    this.#settingsFile = new ReplacedFile(this.#files.settings, GpuNodeSettings);
    this.#faultsFile = new ReplacedFile(this.#files.faults, GpuFaults);
    writeTools(this.#files);
    this.#ledger = new LedgerWriter(this.#files.ledger, options.clock, options.tell);
    this.#reader = new PodResourcesReader(join(options.podResourcesDir, 'kubelet.sock'), PODRESOURCES_MS);
    this.#podResources = new PodResourcesLog({
      reader: this.#reader,
      ours: ({ device_ids }) => device_ids.some((id) => this.#driver?.devices.includes(id)),
      ledger: this.#ledger,
      clock: options.clock,
    });
    this.#exporter = new Exporter({
      node: options.node,
      clock: options.clock,
      devices: () => this.#driver?.devices ?? [],
      podResources: () => this.#reader.list(),
    });
  }

  start(): void {
    this.#ledger.write({ type: 'agent.started', node: this.#options.node, pid: process.pid });
    this.#loops = [
      this.#export(),
      this.#every(this.#options.pollMs ?? 100, () => this.#look()),
      this.#every(this.#options.podResourcesMs ?? 400, () => this.#list()),
    ];
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#loops);
    if (this.#options.withdraw) this.#plugin?.withdraw();
    await this.#plugin?.stop('the agent ends');
    await this.#exporter.stop();
    this.#reader.close();
  }

  async #export(): Promise<void> {
    if (!this.#options.exporter) return;
    try {
      const port = await this.#exporter.start(this.#options.exporter);
      this.#ledger.write({ type: 'exporter.serving', port });
    } catch (error) {
      this.#ledger.write({ type: 'exporter.failed', reason: messageOf(error) });
    }
  }

  async #every(ms: number, act: () => Promise<void>): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await act();
      await this.#options.clock.sleep(ms, signal).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    try {
      const settings = this.#settingsFile.changed();
      if (settings) await this.#apply(settings);
      const wanted = this.#faultsFile.changed();
      if (wanted) await this.#order(wanted.faults);
    } catch (error) {
      this.#ledger.write({ type: 'settings.refused', reason: messageOf(error) });
    }
    await this.#lapse();
    const down = [...this.#restarts.values()].some((until) => this.#options.clock.mono() < until);
    if (!down) await this.#comeBack();
  }

  async #comeBack(): Promise<void> {
    const back = [...this.#restarts].some(([, until]) => until !== 0);
    if (back) {
      for (const id of this.#restarts.keys()) this.#restarts.set(id, 0);
      await this.#plugin?.start();
    }
    await this.#plugin?.lookAfter();
  }

  /** New settings are a new driver and a new plugin: no association outlives them. */
  async #apply(settings: GpuNodeSettings): Promise<void> {
    const { clock, devicePluginDir, hostStateDir, node } = this.#options;
    await this.#plugin?.stop('new settings');
    this.#driver = new Driver({ node, files: this.#files, settings, clock, ledger: this.#ledger });
    this.#plugin = new Plugin({
      driver: this.#driver,
      settings,
      devicePluginDir,
      files: this.#files,
      hostRoot: gpuNodeFiles(hostStateDir).root,
      clock,
      ledger: this.#ledger,
      nextAllocation: () => {
        this.#activeUntil = clock.mono() + 5_000;
        this.#allocations += 1;
        return `${node}-${process.pid}-${this.#allocations}`;
      },
    });
    this.#reach();
    await this.#plugin.start();
    this.#ledger.write({ type: 'settings.applied', settings });
  }

  async #order(faults: readonly GpuFault[]): Promise<void> {
    const wanted = new Set(faults.map(({ id }) => id));
    for (const fault of this.#faults.values()) if (!wanted.has(fault.id)) this.#lift(fault, 'request');
    for (const fault of faults) {
      if (this.#faults.has(fault.id)) {
        // Renewed: only its deadline may differ.
        this.#faults.set(fault.id, fault);
        continue;
      }
      if (fault.untilWall <= this.#options.clock.wall()) continue;
      this.#faults.set(fault.id, fault);
      if (fault.kind === 'plugin-restart' && !this.#restarts.has(fault.id)) {
        this.#restarts.set(fault.id, this.#options.clock.mono() + fault.downMs);
        await this.#plugin?.stop(`fault ${fault.id}`);
      }
      this.#ledger.write({ type: 'fault.applied', id: fault.id, kind: fault.kind });
    }
    this.#reach();
  }

  /** The dead-man: a fault whose deadline passed is lifted, whoever asked for it. */
  async #lapse(): Promise<void> {
    const now = this.#options.clock.wall();
    for (const fault of this.#faults.values()) {
      if (fault.untilWall > now) continue;
      this.#lift(fault, 'deadline');
      this.#reach();
    }
  }

  #lift(fault: GpuFault, by: 'request' | 'deadline'): void {
    this.#faults.delete(fault.id);
    // A lifted restart lets the plugin come back at once.
    if (this.#restarts.get(fault.id)) this.#restarts.set(fault.id, this.#options.clock.mono());
    this.#ledger.write({ type: 'fault.lifted', id: fault.id, kind: fault.kind, by });
  }

  /** Makes the driver what the standing faults say. */
  #reach(): void {
    const faults = [...this.#faults.values()];
    if (!this.#driver) return;
    this.#driver.extraMs = faults.reduce(
      (sum, fault) => sum + (fault.kind === 'bind-delay' ? fault.extraMs : 0),
      0,
    );
    const lost = faults.flatMap((fault) => (fault.kind === 'device-unhealthy' ? fault.devices : []));
    if (this.#driver.lose(lost)) this.#plugin?.advertise();
  }

  /** Reads PodResources while something is, or was just, allocated: List has a side effect, so not without need. */
  async #list(): Promise<void> {
    const { clock } = this.#options;
    if (!this.#plugin || (this.#podResources.empty && clock.mono() > this.#activeUntil)) return;
    await this.#podResources.look();
  }
}
