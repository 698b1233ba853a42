import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerAllocateResponse } from '../../clusters/kubelet-api/messages.ts';
import type { OwnPlugin } from '../../faults/gpu/own-plugin.ts';
import type { Clock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { messageOf } from '../../harness/errors/error.ts';
import { answerOf, type Call, ProbePlugin } from '../contract/probe-plugin.ts';
import type { CatalogueEvents } from './events.ts';

const LOOK_MS = 250;
/**
 * How long after a registration a kubelet may take to open its stream: upstream’s dials back to a plugin for so long. Who registers
 * again meanwhile ends up with two.
 */
const DIAL_MS = 10_000;
const COME_BACK_MS = 30_000;

type Deed = Omit<CatalogueEvents['plugin.did'], 'scenario' | 'plugin'>;

export interface StagedPluginOptions {
  /** The kubelet's folder of device plugins. */
  folder: string;
  resource: string;
  /** What its devices are called by: `<purpose>-<index>`. A successor has those of the one before it. */
  purpose: string;
  /** Short, for it is part of a socket's path; with the purpose unique on the node. */
  name: string;
  devices: number;
  /** Whether it looks after itself, or registers once and no more. */
  supervised: boolean;
  /** How long each Allocate takes; nothing unless told. */
  allocateMs?: number;
  clock: Clock;
  tell(deed: Deed): void;
}

/** A scenario's device plugin, in this process: right in all but what the scenario and its remedies make of it. */
export class StagedPlugin implements OwnPlugin {
  readonly #options: StagedPluginOptions;
  readonly #probe: ProbePlugin;
  readonly #ending = new AbortController();
  /** Aborted when it ends. */
  #serving: AbortController | undefined;
  #withheld = false;
  #registeredWith: number | undefined;
  #registeredAt = Number.NEGATIVE_INFINITY;
  /** Streams that there had been, open or over, before it registered. */
  #streamsBefore = 0;
  #supervision: Promise<void> = Promise.resolve();

  constructor(options: StagedPluginOptions) {
    this.#options = options;
    this.#probe = new ProbePlugin(options.folder, options.purpose, options.devices, {
      preferred: true,
      resource: options.resource,
      endpoint: `ordeal-${options.purpose}-${options.name}.sock`,
      heard: (call, moment) => options.tell(deedOf(call, moment)),
    });
    // The lowest first, as many as were asked for: the kubelet has the last word.
    this.#probe.behaviour = { preferred: () => [], allocate: (devices) => this.#allocate(devices) };
  }

  get openStreams(): number {
    return this.#probe.openStreams;
  }

  /** Serves, then tries once to register; supervised, as often as it takes. */
  async start(): Promise<void> {
    await this.#serve();
    await this.#register();
    if (this.#options.supervised) this.#supervision = this.#lookAfter();
  }

  get endedStreams(): number {
    return this.#probe.endedStreams;
  }

  get allocating(): number {
    return this.#probe.callsOf('Allocate').filter(({ answered }) => answered === undefined).length;
  }

  endStreams(): void {
    this.#probe.endStreams();
  }

  withhold(): void {
    this.#withheld = true;
  }

  async stop(): Promise<void> {
    this.#withheld = true;
    await this.#quit();
  }

  async comeBack(): Promise<void> {
    this.#withheld = true;
    await this.#quit();
    await waitFor(() => this.#reachable().then(() => this.#register()), {
      what: `the plugin ${this.#options.name} of ${this.#options.resource} registered`,
      deadlineMs: COME_BACK_MS,
      intervalMs: LOOK_MS,
      clock: this.#options.clock,
    });
    this.#withheld = false;
  }

  /** For good, at the scenario's end. */
  async end(): Promise<void> {
    this.#ending.abort();
    await this.#supervision;
    await this.stop();
  }

  async #lookAfter(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      if (!this.#withheld && this.#isLost()) {
        await this.#reachable();
        await this.#register();
      }
      await clock.sleep(LOOK_MS, signal).catch(() => undefined);
    }
  }

  /** The kubelet is another one, has taken the socket away, or does not listen any more. */
  #isLost(): boolean {
    if (this.#kubelet() !== this.#registeredWith || !existsSync(this.#socket)) return true;
    if (this.openStreams > 0) return false;
    const listened = this.#streams > this.#streamsBefore;
    return listened || this.#options.clock.mono() - this.#registeredAt > DIAL_MS;
  }

  get #streams(): number {
    return this.#probe.callsOf('ListAndWatch').length;
  }

  get #socket(): string {
    return join(this.#options.folder, this.#probe.endpoint);
  }

  /** When the kubelet's socket was made; undefined where there is none. */
  #kubelet(): number | undefined {
    return statSync(join(this.#options.folder, 'kubelet.sock'), { throwIfNoEntry: false })?.mtimeMs;
  }

  /** Serves, anew where a kubelet that has started took the socket away. */
  async #reachable(): Promise<void> {
    if (this.#serving && existsSync(this.#socket)) return;
    await this.#quit();
    await this.#serve();
  }

  async #allocate(devices: string[]): Promise<ContainerAllocateResponse[]> {
    const { allocateMs = 0, clock } = this.#options;
    if (allocateMs > 0) await clock.sleep(allocateMs, this.#serving?.signal);
    return [answerOf(devices)];
  }

  async #serve(): Promise<void> {
    await this.#probe.serve();
    this.#serving = new AbortController();
  }

  async #quit(): Promise<void> {
    if (this.#serving) this.#options.tell({ what: 'stopped', moment: 'over' });
    this.#serving?.abort();
    this.#serving = undefined;
    await this.#probe.stop();
  }

  async #register(): Promise<boolean> {
    const { clock, tell } = this.#options;
    const kubelet = this.#kubelet();
    const streamsBefore = this.#streams;
    try {
      if (kubelet === undefined) throw new Error('there is no kubelet.sock');
      await this.#probe.register();
    } catch (error) {
      tell({ what: 'register-failed', moment: 'over', detail: messageOf(error) });
      return false;
    }
    this.#registeredWith = kubelet;
    this.#registeredAt = clock.mono();
    this.#streamsBefore = streamsBefore;
    tell({ what: 'registered', moment: 'over' });
    return true;
  }
}

function deedOf({ containers, endedBy, method }: Call, moment: Deed['moment']): Deed {
  return {
    ...{ what: method, moment },
    ...(containers && { devices: containers.flat() }),
    ...(endedBy && moment === 'over' && { by: endedBy }),
  };
}
