import { rm } from 'node:fs/promises';
import { writeSettings } from '../../clusters/gpu-node/control.ts';
import { followLedgers, type LedgerFollower } from '../../clusters/gpu-node/follow.ts';
import { gpuNodeFiles } from '../../clusters/gpu-node/layout.ts';
import type { Cluster, ClusterNode } from '../../clusters/port.ts';
import { allocatableOn, allocatableOnAll } from '../../faults/gpu/allocatable.ts';
import { bindDelay, extraMs } from '../../faults/gpu/bind-delay.ts';
import { deviceUnhealthy } from '../../faults/gpu/device-unhealthy.ts';
import { pluginRestart } from '../../faults/gpu/plugin-restart.ts';
import { podKill } from '../../faults/load/pod-kill.ts';
import type { Fault } from '../../faults/port.ts';
import type { FaultKeeper } from '../../faults/wrapper.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { few } from '../../harness/errors/words.ts';
import { eventsOf } from '../../harness/history/event.ts';
import { paceMs } from '../../harness/kube/pace.ts';
import type { Phase, SuiteContext } from '../../harness/run/ports.ts';
import { quantile } from '../../harness/verdict/bounds.ts';
import { keeperIn } from '../keeper.ts';
import { makeNamespace } from '../namespace.ts';
import { TRAINING } from './checkpoints/job.ts';
import { Training } from './checkpoints/training.ts';
import { recordClocks } from './clocks.ts';
import type { ProbeSeen } from './events.ts';
import { advertiseSlots, makeQuota, readQuota, workersOf } from './ground.ts';
import { startLatencies } from './latencies.ts';
import { Load } from './load.ts';
import { type Scraper, scrapeExporters } from './monitoring/scraper.ts';
import { Observer } from './observe.ts';
import { thresholdOf } from './requirements.ts';
import { FAULT_IDS, type Schedule, scheduleOf } from './schedule.ts';
import { type GpuSettings, nodeSettings, RESOURCE, type Remedies, SUITE, settingsOf } from './settings.ts';
import { sizesFor, upgradeNodes } from './upgrade.ts';

/** How long a plugin may take to come back before the run goes on without, in GPU-6's own thresholds. */
const RESTART_THRESHOLDS = 1.5;
/** Between two looks at what is allocatable. */
const LOOK_MS = 200;

/** One run of the suite on one cluster. */
export class Certification {
  readonly #context: SuiteContext<Cluster>;
  readonly #settings: GpuSettings;
  readonly #remedies: Remedies;
  readonly #schedule: Schedule;
  readonly #namespace: string;
  readonly #observer: Observer;
  readonly #load: Load;
  readonly #training: Training | undefined;
  readonly #workers: ClusterNode[];
  #follower: LedgerFollower | undefined;
  #scraper: Scraper | undefined;
  #heldBy: FaultKeeper | undefined;

  constructor(context: SuiteContext<Cluster>) {
    const { clock, cluster, plan, recorder, runId } = context;
    const { settings, remedies } = settingsOf(plan);
    this.#context = context;
    this.#settings = settings;
    this.#remedies = remedies;
    this.#schedule = scheduleOf(plan);
    this.#workers = workersOf(cluster);
    this.#namespace = `ordeal-${runId}`.slice(0, 63);
    this.#observer = new Observer(cluster.kube, this.#namespace, recorder, clock);
    this.#load = new Load(context, this.#observer, this.#namespace, settings, remedies);
    const { checkpoints } = settings;
    if (checkpoints !== false)
      this.#training = new Training(context, this.#namespace, settings, remedies, checkpoints);
  }

  /** Made when the first fault is held: its radius is recorded with the run. */
  get #keeper(): FaultKeeper {
    const controlPlane = this.#context.cluster.nodes.find(({ role }) => role === 'control-plane');
    this.#heldBy ??= keeperIn(this.#context, {
      suite: SUITE,
      namespace: this.#namespace,
      controlPlane: this.#schedule.upgrade && controlPlane?.name,
    });
    return this.#heldBy;
  }

  phases(): Phase[] {
    return [
      { name: 'install', run: () => this.#install() },
      { name: 'steady state', run: () => this.#steady() },
      { name: 'burst', run: () => this.#burst() },
      ...(this.#schedule.upgrade ? [{ name: 'upgrade', run: () => this.#upgrade() }] : []),
      { name: 'plugin restart', run: () => this.#restart() },
      { name: 'unhealthy device', run: () => this.#unhealthy() },
      ...(this.#training ? [{ name: 'checkpoints', run: () => this.#checkpoints() }] : []),
      { name: 'recovery', run: () => this.#recover() },
    ];
  }

  async #install(): Promise<void> {
    const { clock, cluster, plan, progress, recorder, signal, undo } = this.#context;
    if (!this.#training) progress('gpu: GPU-8 is not asked for: settings.checkpoints is off');
    await makeNamespace(this.#context, this.#namespace);
    await makeQuota(this.#context, this.#namespace, this.#settings, this.#remedies);
    undo.push('stop the fake GPU nodes, or who watches real ones', () => cluster.stopGpuNodes());
    if (plan.profile !== 'as-is') {
      for (const [index, node] of this.#workers.entries()) {
        // An earlier run's ledger is its own.
        if (node.stateDir) await rm(gpuNodeFiles(node.stateDir).root, { recursive: true, force: true });
        await writeSettings(node, nodeSettings(this.#settings, this.#remedies, plan.seed + index));
      }
      await cluster.startGpuNodes();
    } else {
      // A cluster without GPUs is said to be one before anything is put on it.
      await this.#allAllocatable();
      await cluster.startGpuNodes(RESOURCE);
    }
    await recordClocks(this.#context);
    this.#follower = followLedgers(this.#workers, recorder, { clock });
    undo.push('stop following the ledgers', async () => {
      await this.#follower?.stop();
    });
    const { exporter } = this.#settings;
    if (exporter) {
      const nodes = this.#workers.map(({ name }) => name);
      undo.push('stop asking the exporters', async () => await this.#scraper?.stop());
      this.#scraper = await scrapeExporters(this.#context, nodes, this.#namespace, exporter);
    }
    if (this.#remedies.jobCap !== false) await advertiseSlots(this.#context, this.#remedies.jobCap);
    await this.#observer.start(signal);
    undo.push('stop watching pods', () => this.#observer.stop());
    await this.#allAllocatable();
  }

  /** One Job alone, as in the incident's good days. */
  async #steady(): Promise<void> {
    const { plan, recorder } = this.#context;
    await this.#load.wave('steady', 1);
    this.#follower?.drain();
    if (plan.profile === 'as-is') {
      // There is no ledger that tells when a vendor's plugin answered.
      const { length: starts } = eventsOf<ProbeSeen>(recorder.events, 'gpu.probe').filter(
        ({ body }) => body.n === 0,
      );
      if (starts > 0) recorder.record('suite/gpu', 'steady.reached', { suite: 'gpu', measured: { starts } });
      else this.#steadyMissed();
      return;
    }
    const latencies = startLatencies(recorder.events);
    const p50 = quantile(latencies, 0.5);
    if (p50 === undefined) {
      this.#steadyMissed();
      return;
    }
    recorder.record('suite/gpu', 'steady.reached', {
      suite: 'gpu',
      measured: { startLatencyP50Ms: p50, starts: latencies.length },
    });
  }

  #steadyMissed(): void {
    this.#context.recorder.record('suite/gpu', 'steady.missed', {
      suite: 'gpu',
      reason: 'no container started and looked at its GPU while nothing was broken',
    });
  }

  /**
   * Bursts of Jobs, the first with the plugin's own latencies, the others delayed in proportion to how long a start
   * took in the first: where processors are few it takes three times what it takes a Job alone, and a delay that is
   * measured by that bites nobody.
   */
  async #burst(): Promise<void> {
    const { jobBurst } = this.#schedule;
    if (!jobBurst) return await this.#delayed(async () => {});
    const from = this.#context.recorder.events.length;
    await this.#load.burst(this.#keeper, FAULT_IDS.jobBurst, (rest) => this.#delayed(rest, from));
  }

  async #delayed(load: () => Promise<void>, from = 0): Promise<void> {
    const { bindDelay: delay } = this.#schedule;
    if (!delay) return await load();
    this.#follower?.drain();
    const startLatencyMs = quantile(startLatencies(this.#context.recorder.events.slice(from)), 0.5);
    // Without a start there is nothing that a bite could be told by: never injected, the fault leaves the run inconclusive.
    if (startLatencyMs === undefined) return await load();
    const [least, most] = nodeSettings(this.#settings, this.#remedies, 0).latencyMs;
    const added = extraMs(delay, startLatencyMs, (least + most) / 2);
    const fault = bindDelay(FAULT_IDS.bindDelay, added, startLatencyMs, this.#workers, RESOURCE);
    await this.#keeper.hold(fault, load);
  }

  async #upgrade(): Promise<void> {
    const { upgrade: wanted } = this.#schedule;
    if (!wanted) return;
    const sizes = sizesFor(this.#workers.length, this.#settings, this.#remedies);
    await this.#allAllocatable();
    await upgradeNodes(this.#context, wanted, sizes, {
      keeper: this.#keeper,
      load: this.#load,
      allAllocatable: () => this.#allAllocatable(),
    });
  }

  async #restart(): Promise<void> {
    const { pluginRestart: wanted } = this.#schedule;
    const [node] = this.#workers;
    if (!wanted || !node) return;
    const { clock, plan, recorder, signal } = this.#context;
    await this.#allAllocatable();
    recorder.record('suite/gpu', 'restart.went', { node: node.name });
    const fault = pluginRestart(FAULT_IDS.pluginRestart, wanted, node, RESOURCE, this.#settings.gpusPerNode);
    await this.#keeper.hold(
      fault,
      async () => {
        const until = clock.mono() + 1_000 * RESTART_THRESHOLDS * thresholdOf(plan, 'GPU-6');
        let registered = false;
        while (clock.mono() < until && !registered) {
          await clock.sleep(LOOK_MS, signal);
          const stopped = recorder.events.findLast(
            ({ type, source }) => type === 'ledger.plugin.stopped' && source === `node/${node.name}`,
          );
          registered = recorder.events.some(
            ({ seq, type, source }) =>
              stopped !== undefined &&
              seq > stopped.seq &&
              type === 'ledger.plugin.registered' &&
              source === `node/${node.name}`,
          );
        }
        while (clock.mono() < until && (await this.#noteAllocatable(node)) !== this.#settings.gpusPerNode)
          await clock.sleep(LOOK_MS, signal);
        await this.#freshAllocation(node);
      },
      { goneDeadlineMs: this.#settings.allocatableDeadline },
    );
  }

  async #freshAllocation(node: ClusterNode): Promise<void> {
    const { recorder } = this.#context;
    const pods = await this.#load.wave('restart', 1, {
      nodes: [node.name],
      replicas: Math.min(2, this.#settings.gpusPerNode),
    });
    const looks = recorder.events
      .filter(({ type, body }) => type === 'gpu.probe' && pods.has((body as { podUid: string }).podUid))
      .map(({ body }) => body as { n: number; exit: number; usable: string[] });
    const firsts = looks.filter(({ n }) => n === 0);
    const good = looks.filter(
      ({ exit, usable }) => exit === 0 && usable.length === this.#settings.gpusPerReplica,
    );
    const works = firsts.length > 0 && good.length > 0;
    const detail = works
      ? `a fresh Job of ${firsts.length} pods got its GPUs`
      : `of a fresh Job’s ${pods.size} pods none could use its GPU`;
    recorder.record('suite/gpu', 'restart.fresh', { node: node.name, works, detail });
  }

  async #unhealthy(): Promise<void> {
    const { deviceUnhealthy: wanted } = this.#schedule;
    const node = this.#workers.at(-1);
    if (!wanted || !node) return;
    const fault: Fault = deviceUnhealthy(
      FAULT_IDS.deviceUnhealthy,
      wanted,
      node,
      RESOURCE,
      this.#settings.gpusPerNode,
    );
    await this.#keeper.hold(
      fault,
      async () => {
        const well = this.#settings.gpusPerNode - wanted.devices.length;
        await this.#untilAllocatable([node], well).catch(() => undefined);
        // As many pods as should still fit: one that is given the lost device shows that the plugin lied.
        const cap = this.#remedies.jobCap === false ? well : Math.min(well, this.#remedies.jobCap);
        await this.#load.wave('unhealthy', 1, {
          nodes: [node.name],
          replicas: Math.max(1, Math.floor(cap / this.#settings.gpusPerReplica)),
        });
      },
      {
        biteDeadlineMs: this.#settings.allocatableDeadline,
        goneDeadlineMs: this.#settings.allocatableDeadline,
      },
    );
  }

  async #checkpoints(): Promise<void> {
    const kill = this.#schedule.podKill && FAULT_IDS.podKill;
    await this.#training?.run(async (work) => {
      if (!kill) return;
      const fault = podKill(kill, this.#namespace, TRAINING, this.#context.cluster.name);
      await this.#keeper.hold(fault, work, { goneDeadlineMs: this.#settings.startDeadline });
    });
  }

  async #recover(): Promise<void> {
    const { cluster, recorder } = this.#context;
    await this.#load.settle();
    await this.#allAllocatable().catch(() => undefined);
    const found = await allocatableOnAll(cluster.kube, RESOURCE);
    const expected = this.#settings.gpusPerNode;
    for (const { name } of this.#workers) {
      const allocatable = found.get(name);
      // Of a node that is gone nothing was seen.
      if (allocatable === undefined) continue;
      recorder.record('suite/gpu', 'recovery.seen', { node: name, allocatable, expected });
    }
    const quota = await readQuota(cluster.kube, this.#namespace);
    if (quota) recorder.record('suite/gpu', 'quota.seen', { namespace: this.#namespace, ...quota });
    else recorder.record('suite/gpu', 'quota.absent', { namespace: this.#namespace });
    await this.#scraper?.stop();
    await this.#observer.stop();
    await this.#follower?.stop();
  }

  async #allAllocatable(): Promise<void> {
    await this.#untilAllocatable(this.#workers, this.#settings.gpusPerNode);
  }

  /** Looks at all of them by one list; at none again once it was seen as wanted. */
  async #untilAllocatable(nodes: readonly ClusterNode[], wanted: number): Promise<void> {
    const { clock, cluster, signal } = this.#context;
    let missing = nodes.map(({ name }) => ({ name, last: 0 }));
    await waitFor(
      async () => {
        const found = await allocatableOnAll(cluster.kube, RESOURCE);
        missing = missing
          .map(({ name }) => ({ name, last: this.#note(name, found.get(name) ?? 0) }))
          .filter(({ last }) => last !== wanted);
        return missing.length === 0;
      },
      {
        what: `${wanted} ${RESOURCE} allocatable on ${nodes.length} nodes`,
        deadlineMs: this.#settings.allocatableDeadline,
        intervalMs: paceMs(cluster.nodes.length, LOOK_MS),
        clock,
        signal,
        seen: () => few(missing.map(({ last, name }) => `${last} allocatable on ${name}`)),
      },
    );
  }

  async #noteAllocatable({ name }: ClusterNode): Promise<number> {
    return this.#note(name, await allocatableOn(this.#context.cluster.kube, name, RESOURCE));
  }

  #note(node: string, allocatable: number): number {
    this.#context.recorder.record('suite/gpu', 'node.allocatable', { node, resource: RESOURCE, allocatable });
    return allocatable;
  }
}
