import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CHECKPOINT_FILE, parseCheckpoint } from '../../clusters/kubelet-api/checkpoint.ts';
import type { EdgeLink } from '../../clusters/network/port.ts';
import type { Cluster } from '../../clusters/port.ts';
import { allocatableOn } from '../../faults/gpu/allocatable.ts';
import type { FaultKeeper, HoldOptions } from '../../faults/wrapper.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { messageOf } from '../../harness/errors/error.ts';
import { type EngineEvents, eventsOf, type HistoryEvent } from '../../harness/history/event.ts';
import { apiStatus } from '../../harness/kube/client.ts';
import { podLog } from '../../harness/kube/pod-log.ts';
import type { SuiteContext } from '../../harness/run/ports.ts';
import { Bench, type PodShape } from '../contract/bench.ts';
import type { PluginNode } from '../contract/lab.ts';
import { seenOf } from './checkers/seen.ts';
import type { CatalogueEvents, Note } from './events.ts';
import { StagedKubelet } from './kubelet.ts';
import { type OpenNetwork, Parts } from './parts.ts';
import { lookOf } from './pod-look.ts';
import { type FaultAt, faultIdOf, resourceOf, type Scenario } from './scenario.ts';
import type { CatalogueSettings, Remedies } from './settings.ts';
import { lookIn, workIn } from './work.ts';

const LOOK_MS = 200;
/** How much longer than it should the last of many looks may take. */
const SLOW_MS = 10_000;

export interface StageOptions {
  context: SuiteContext<Cluster>;
  scenario: Scenario;
  /** Of faults that may touch these links as well. */
  keeper(links?: readonly EdgeLink[]): FaultKeeper;
  node: PluginNode;
  openNetwork: OpenNetwork;
  namespace: string;
  settings: CatalogueSettings;
  remedies: Remedies;
  /** Most that is allowed, in the scenario's unit. */
  threshold: number;
}

/** What one scenario works with: its node, its plugins and its pods; whatever is seen goes into the history. */
export class Stage {
  readonly #options: StageOptions;
  /** The last stamp of each pod's log that has been read. */
  readonly #readTo = new Map<string, number>();
  /** Whether each pod could use all of its devices when it last looked. */
  readonly #works = new Map<string, boolean>();
  readonly resource: string;
  readonly pods: Bench;
  readonly parts: Parts;
  readonly kubelet: StagedKubelet;

  constructor(options: StageOptions) {
    const { context, namespace, node, openNetwork, remedies, scenario, settings } = options;
    const { kube, workloadImage } = context.cluster;
    const note: Note = (type, body) => this.note(type, body);
    this.#options = options;
    this.resource = resourceOf(scenario.id);
    this.pods = new Bench(kube, namespace, workloadImage, settings.patience);
    this.parts = new Parts({
      ...{ context, scenario, node, openNetwork, namespace, settings, remedies, note },
      ...{ resource: this.resource, pods: this.pods, podName: (name) => this.#podName(name) },
    });
    this.kubelet = new StagedKubelet({
      ...{ resource: this.resource, prefix: this.#podName(''), note },
      socket: join(node.kubeletDirs.podResources, 'kubelet.sock'),
    });
  }

  get settings(): CatalogueSettings {
    return this.#options.settings;
  }

  get remedies(): Remedies {
    return this.#options.remedies;
  }

  get threshold(): number {
    return this.#options.threshold;
  }

  /** The scenario's requirements on a pod: on this node, unless told otherwise (empty: where the scheduler puts it), with so many of its devices. */
  on(name: string, shape: Omit<PodShape, 'name' | 'devices'> & { devices?: number } = {}): PodShape {
    const { devices, ...more } = shape;
    return {
      nodeName: this.#options.node.name,
      ...more,
      name: this.#podName(name),
      ...(devices !== undefined && { devices: [this.resource, devices] }),
    };
  }

  note<Type extends keyof CatalogueEvents>(
    type: Type,
    body: Omit<CatalogueEvents[Type], 'scenario'>,
  ): HistoryEvent {
    const { context, scenario } = this.#options;
    return context.recorder.record('suite/catalogue', type, { scenario: scenario.id, ...body });
  }

  /** All devices allocatable, before anything is broken. */
  async steady(): Promise<void> {
    const { context, settings } = this.#options;
    let last = 0;
    await waitFor(
      async () => {
        last = (await this.look()).allocatable;
        return last === settings.devices;
      },
      {
        what: `${settings.devices} ${this.resource} allocatable`,
        deadlineMs: settings.patience,
        intervalMs: LOOK_MS,
        clock: context.clock,
        signal: context.signal,
        seen: () => `${last} allocatable`,
      },
    );
  }

  /** All devices in the kubelet's checkpoint: by that a proxy tells whose plugin it is to stand in front of. */
  async recorded(): Promise<void> {
    const { context, node, settings } = this.#options;
    const { clock, signal } = context;
    const path = join(node.kubeletDirs.devicePlugins, CHECKPOINT_FILE);
    let last = 0;
    await waitFor(
      async () => {
        const checkpoint = parseCheckpoint(await readFile(path, 'utf8').catch(() => ''));
        last = checkpoint?.registered[this.resource]?.length ?? 0;
        return last === settings.devices;
      },
      {
        ...{ what: `${this.resource} in the kubelet’s checkpoint`, clock, signal, intervalMs: LOOK_MS },
        ...{ deadlineMs: settings.patience, seen: () => `${last} of ${settings.devices} devices` },
      },
    );
  }

  /** Notes what is allocatable now; returns that, and when it was noted on the history's clock. */
  async look(): Promise<{ allocatable: number; mono: number }> {
    const { context, node } = this.#options;
    const allocatable = await allocatableOn(context.cluster.kube, node.name, this.resource);
    const { openStreams } = this.parts;
    const { mono } = this.note('allocatable.seen', { allocatable, openStreams });
    return { allocatable, mono };
  }

  /** Looks until all devices have been allocatable for long enough, or could not come back in time any more. */
  async untilBack(): Promise<void> {
    const { devices, stays } = this.settings;
    const allowed = 1_000 * this.threshold;
    let start: number | undefined;
    let since: number | undefined;
    await this.every(allowed + stays + SLOW_MS, async () => {
      const { allocatable, mono } = await this.look();
      start ??= mono;
      since = allocatable === devices ? (since ?? mono) : undefined;
      return since === undefined ? mono - start > allowed : mono - since >= stays;
    });
  }

  /** Does something again and again until it says that it is enough, for so long at most. */
  async every(ms: number, work: () => Promise<boolean>): Promise<void> {
    const { clock, signal } = this.#options.context;
    const until = clock.mono() + ms;
    while (!(await work()) && clock.mono() < until) await clock.sleep(LOOK_MS, signal);
  }

  /** Notes how a pod is now, under what it is there for. */
  async lookAt(name: string): Promise<CatalogueEvents['pod.looked']> {
    const pod = await this.pods.get(this.#podName(name)).catch((error: unknown) => {
      if (apiStatus(error) === 404) return undefined;
      throw error;
    });
    const look = { pod: name, ...lookOf(pod) };
    this.note('pod.looked', look);
    return { scenario: this.#options.scenario.id, ...look };
  }

  /** Until the pod runs and can use what it was given. */
  async working(name: string): Promise<void> {
    const { clock, signal } = this.#options.context;
    await this.running(name);
    await waitFor(() => this.readWork(name), {
      ...{ what: `${name} can use its devices`, clock, signal, intervalMs: LOOK_MS },
      deadlineMs: this.settings.patience,
    });
    await this.lookAt(name);
  }

  /** Notes what a pod's container has said of its devices since it was last read; whether it can use all that it was given, as far as is known. */
  async readWork(name: string): Promise<boolean> {
    const { kube, namespace } = this.pods;
    try {
      const lines = await podLog(kube, namespace, this.#podName(name), 'main');
      const readTo = this.#readTo.get(name) ?? 0;
      for (const { at, line } of lines.filter((each) => each.at > readTo)) {
        this.#readTo.set(name, at);
        const look = lookIn(line);
        const work = workIn(line);
        if (look) this.#works.set(name, look.usable.length > 0 && look.usable.length === look.visible.length);
        if (look) this.note('work.seen', { pod: name, at, ...look });
        if (work) this.note('work.done', { pod: name, ...work });
      }
    } catch (error) {
      // No container has started yet, or the kubelet has not met the pod.
      if (![400, 404].includes(apiStatus(error) ?? 0))
        this.note('work.unread', { pod: name, reason: messageOf(error) });
    }
    return this.#works.get(name) ?? false;
  }

  /** Looks at a pod and hears its container, for so long; where the machine is slow, until the container has said anything since. */
  async follow(name: string, ms: number): Promise<void> {
    const until = this.#options.context.clock.mono() + ms;
    const from = this.#readTo.get(name);
    await this.every(Math.max(ms, this.settings.patience), async () => {
      const { running } = await this.lookAt(name);
      await this.readWork(name);
      const heard = this.#readTo.get(name) !== from;
      return (heard || !running) && this.#options.context.clock.mono() >= until;
    });
  }

  async create(name: string, shape: Omit<PodShape, 'name' | 'devices'> & { devices?: number } = {}) {
    await this.pods.create(this.on(name, shape));
  }

  async running(name: string): Promise<void> {
    await this.pods.running(this.#podName(name));
  }

  async phase(name: string, phase: string): Promise<void> {
    await this.pods.phase(this.#podName(name), phase);
  }

  async remove(name: string): Promise<void> {
    await this.pods.remove(this.#podName(name));
  }

  /** The scenario's fault, held while the work is done. */
  async hold(work: () => Promise<void>, options: HoldOptions = {}): Promise<void> {
    const { keeper, scenario } = this.#options;
    await keeper(this.parts.links).hold(scenario.fault(this.#at()), work, options);
  }

  /** Until the fault that is held has bitten, as the history has it; gives up after so long and goes on. */
  async bitten(ms: number, meanwhile: () => Promise<unknown> = async () => undefined): Promise<void> {
    const { context, scenario } = this.#options;
    await this.every(ms, async () => {
      await meanwhile();
      return eventsOf<EngineEvents['fault.bit']>(context.recorder.events, 'fault.bit').some(
        ({ body }) => body.fault === faultIdOf(scenario.id) && body.bit,
      );
    });
  }

  /** Ends its parts: the next scenario has its own. */
  async end(): Promise<void> {
    await this.parts.end();
  }

  #at(): FaultAt {
    const { context, namespace, node, scenario, settings } = this.#options;
    const from = context.recorder.events.length;
    return {
      id: faultIdOf(scenario.id),
      node,
      namespace,
      resource: this.resource,
      devices: settings.devices,
      ...this.parts.forFault(),
      since: ({ recorder }, type) =>
        seenOf(recorder.events.slice(from), scenario.id, type).map(({ body }) => body),
      refused: ({ recorder }) =>
        eventsOf<CatalogueEvents['plugin.did']>(recorder.events.slice(from), 'plugin.did').some(
          ({ body }) => body.scenario === scenario.id && body.what === 'register-failed',
        ),
    };
  }

  #podName(name: string): string {
    return `${this.#options.scenario.id.toLowerCase()}-${name}`;
  }
}
