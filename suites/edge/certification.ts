import { type AnyLink, type EdgeLink, type EdgeNetwork, isFound } from '../../clusters/network/port.ts';
import type { Cluster } from '../../clusters/port.ts';
import type { UpgradeWith } from '../../faults/cluster/upgrade.ts';
import { type BrokerControl, brokerRestart } from '../../faults/network/broker-restart.ts';
import type { FaultKeeper } from '../../faults/wrapper.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { EXIT, messageOf, OrdealError } from '../../harness/errors/error.ts';
import type { Phase, SuiteContext } from '../../harness/run/ports.ts';
import { cloudNodeOf, keeperIn } from '../keeper.ts';
import { makeNamespace } from '../namespace.ts';
import { UPGRADE_WAITS, upgradesOf } from '../upgrade.ts';
import { answers, attempted, linkIsWell, publishes } from './condition.ts';
import { joinLedgers } from './delivery.ts';
import { edgeEvents } from './events.ts';
import { faultOn, type LinkFaultKind, type LinkFaultKinds } from './faults.ts';
import { startGuard } from './guard.ts';
import { Intake } from './intake.ts';
import { Observer } from './observe.ts';
import { Plant } from './plant.ts';
import { size, subtract, union } from './ranges.ts';
import { type Recording, recordingOf } from './recording.ts';
import { startSampler } from './sampler.ts';
import { lanesOf, type Scheduled, scheduleOf, upgradeIn } from './schedule.ts';
import { type EdgeSettings, type Remedies, SUITE, settingsOf } from './settings.ts';

/** What the composition root gives this suite. */
export interface EdgeParts {
  /** The network of these nodes of the cluster; registers its undo on the context before it acts. */
  openNetwork(context: SuiteContext<Cluster>, nodes: readonly string[]): Promise<EdgeNetwork>;
  /** The faults of links, by kind. */
  faults: LinkFaultKinds;
}

/** Where no message more came for so long, those that are missing are lost. */
const STILL_MS = 3_000;
/** How long the orchestrator and the tunnels may take to be heard of once more at the end. */
const LAST_WORD_MS = 5_000;

/** One run of the suite on one cluster. */
export class Certification {
  readonly #context: SuiteContext<Cluster>;
  readonly #parts: EdgeParts;
  readonly #settings: EdgeSettings;
  readonly #remedies: Remedies;
  readonly #schedule: Scheduled[];
  readonly #upgrade: UpgradeWith | undefined;
  readonly #namespace: string;
  readonly #record: Recording;
  readonly #intake: Intake;
  readonly #observer: Observer;
  #links: readonly AnyLink[] = [];
  #heldBy: FaultKeeper | undefined;
  #plant: Plant | undefined;
  #broker: BrokerControl | undefined;

  constructor(context: SuiteContext<Cluster>, parts: EdgeParts) {
    const { clock, cluster, plan, recorder, runId } = context;
    const { settings, remedies } = settingsOf(plan);
    this.#context = context;
    this.#parts = parts;
    this.#settings = settings;
    this.#remedies = remedies;
    this.#schedule = scheduleOf(plan, parts.faults);
    this.#upgrade = upgradeIn(plan);
    this.#namespace = `ordeal-edge-${runId}`.slice(0, 63);
    this.#record = recordingOf(recorder);
    this.#intake = new Intake(recorder);
    this.#observer = new Observer(cluster.kube, this.#namespace, recorder, this.#intake, clock);
  }

  /** Made when the links are up: the radius is of their interfaces. */
  get #keeper(): FaultKeeper {
    const own = { suite: SUITE, namespace: this.#namespace, links: this.#links };
    this.#heldBy ??= keeperIn(this.#context, own);
    return this.#heldBy;
  }

  phases(): Phase[] {
    return [
      { name: 'install', run: () => this.#install() },
      { name: 'steady state', run: () => this.#steady() },
      { name: 'faults of the links', run: () => this.#breakLinks() },
      { name: 'faults of the cloud', run: () => this.#breakCloud() },
      ...(this.#upgrade ? [{ name: 'upgrade', run: () => this.#upgradeNodes() }] : []),
      { name: 'recovery', run: () => this.#recover() },
    ];
  }

  async #install(): Promise<void> {
    const { clock, signal, undo } = this.#context;
    const workers = this.#context.cluster.nodes.filter(({ role }) => role === 'worker');
    const nodes = workers.slice(0, this.#settings.nodes).map(({ name }) => name);
    if (nodes.length < this.#settings.nodes) throw tooFewWorkers(this.#settings.nodes, nodes.length);
    const network = await this.#network(nodes);
    const { evidence, isolation, links, versions } = network;
    this.#links = links;
    const up = { isolation, evidence, versions, nodes: links.map(({ node }) => node) };
    this.#record('network.up', { ...up, ...(links.some(isFound) && { found: true }) });
    const plant = new Plant(
      this.#context,
      network,
      this.#settings,
      this.#remedies,
      this.#record,
      this.#intake,
    );
    this.#plant = plant;
    await plant.applyRemedies();
    this.#broker = await plant.startCloud();
    const sampler = startSampler(this.#laid(), this.#record, clock, this.#settings.sampleInterval);
    undo.push('stop sampling the tunnels', () => sampler.stop());
    await makeNamespace(this.#context, this.#namespace);
    undo.push('stop watching pods', () => this.#observer.stop());
    await this.#observer.start(signal);
    await plant.startHostProbers();
    await plant.deployCollectors(this.#namespace);
  }

  async #network(nodes: readonly string[]): Promise<EdgeNetwork<AnyLink>> {
    const { cluster } = this.#context;
    if (cluster.foundNetwork) return await cluster.foundNetwork(this.#context, nodes);
    return await this.#parts.openNetwork(this.#context, nodes);
  }

  /** Those of the harness's own making, of whose tunnels there is something to see and to set. */
  #laid(): EdgeLink[] {
    return this.#links.filter((link): link is EdgeLink => !isFound(link));
  }

  async #steady(): Promise<void> {
    const { recorder } = this.#context;
    const { steadyDeadline } = this.#settings;
    try {
      await this.#wait('every edge node to be well', steadyDeadline, () => this.#unwell().length === 0);
    } catch (error) {
      this.#context.signal.throwIfAborted();
      const reason = `${messageOf(error)}: ${this.#unwell().join('; ')}`;
      recorder.record('suite/edge', 'steady.missed', { suite: SUITE, reason });
      return;
    }
    const measured = { links: this.#links.length, messages: attempted(recorder.events) };
    recorder.record('suite/edge', 'steady.reached', { suite: SUITE, measured });
    if (this.#remedies.watchdog)
      await startGuard(this.#context, this.#laid(), this.#namespace, this.#settings, this.#record);
  }

  /** What is not as it should be, in words. */
  #unwell(): string[] {
    const { events } = this.#context.recorder;
    const ready = this.#observer.ready();
    return this.#links.flatMap((link) => {
      const { node } = link;
      const lacking: string[] = [];
      if (!ready.has(node)) lacking.push(`no collector is ready on ${node}`);
      if (!publishes(events, node)) lacking.push(`nothing published from ${node} was acknowledged`);
      if (!linkIsWell(events, link))
        lacking.push(
          isFound(link) ? `pods of ${node} do not reach the cloud` : `the tunnel of ${node} is not up`,
        );
      if (!answers(events, node, 'host')) lacking.push(`the host of ${node} does not reach the cloud`);
      return lacking;
    });
  }

  /** Side by side on different links, one after the other on one. */
  async #breakLinks(): Promise<void> {
    const lanes = lanesOf(this.#schedule, this.#links.length).map(async (lane) => {
      for (const fault of lane) await this.#holdOnLink(fault);
    });
    const outcomes = await Promise.allSettled(lanes);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  async #holdOnLink({ holdMs, id, kind: name, link: number, parameters }: Scheduled): Promise<void> {
    const { clock, progress, signal } = this.#context;
    const link = this.#links[(number as number) % this.#links.length] as AnyLink;
    const kind = this.#parts.faults[name] as LinkFaultKind;
    const { node } = link;
    const about = { cuts: kind.cuts, host: kind.host(parameters as never) };
    this.#record('fault.planned', { fault: id, kind: name, node, holdMs, ...about });
    progress(`edge: ${name} on ${node}`);
    await this.#keeper.hold(faultOn(link, kind, id, parameters), () => clock.sleep(holdMs, signal));
    await this.#untilWell([link]);
  }

  async #breakCloud(): Promise<void> {
    const { clock, recorder, signal } = this.#context;
    for (const { holdMs, id, kind, link } of this.#schedule) {
      if (link !== undefined || !this.#broker) continue;
      this.#record('fault.planned', { fault: id, kind, node: null, holdMs, cuts: false, host: false });
      await this.#keeper.hold(brokerRestart(id, this.#broker, cloudNodeOf(this.#links)), () =>
        clock.sleep(holdMs, signal),
      );
      const since = recorder.events.length;
      await this.#wait('messages to be acknowledged again', this.#settings.settleDeadline, () =>
        this.#links.every(({ node }) => publishes(recorder.events.slice(since), node)),
      ).catch(this.#goOn);
    }
  }

  /**
   * Nothing is drained: a collector is of its node, as what stands at an edge is, and goes on meanwhile. The links are not
   * Kubernetes' own, and are to be none the worse for it.
   */
  async #upgradeNodes(): Promise<void> {
    const { cluster, plan, progress } = this.#context;
    if (!this.#upgrade) return;
    for (const { fault, node } of upgradesOf(plan, cluster.nodes, this.#upgrade, { drained: false })) {
      progress(`edge: ${node.name} goes to Kubernetes ${this.#upgrade.to}`);
      await this.#keeper.hold(fault, async () => {}, UPGRADE_WAITS);
      await this.#untilWell(this.#links);
    }
  }

  async #recover(): Promise<void> {
    const { messages, rate, settleDeadline } = this.#settings;
    const { events } = this.#context.recorder;
    await this.#untilWell(this.#links);
    const asLongAs = (1_500 * messages) / (rate * Math.max(1, this.#links.length)) + settleDeadline;
    await this.#wait(`${messages} measurements`, asLongAs, () => attempted(events) >= messages).catch(
      this.#goOn,
    );
    this.#record('publishing.cutoff', {});
    await this.#untilArrived();
    this.#record('observation.ended', {});
    const end = events.length;
    await this.#wait('the probes’ last word', this.#settings.probeTimeout + LAST_WORD_MS, () =>
      this.#links.every(({ node }) =>
        (['tunnel', 'host'] as const).every((path) =>
          edgeEvents(events.slice(end), 'ledger.probe.run').some(
            ({ body }) => body.node === node && body.path === path,
          ),
        ),
      ),
    ).catch(this.#goOn);
    // Before the cloud goes: a probe that it no longer answers is no disconnect.
    await this.#observer.stop();
    await this.#plant?.stopHostProbers();
    await this.#plant?.stopCloud();
  }

  /** What was measured before the cutoff has arrived, or nothing more comes. */
  async #untilArrived(): Promise<void> {
    const { clock, recorder } = this.#context;
    const nodes = this.#links.map(({ node }) => node);
    let missing = Number.POSITIVE_INFINITY;
    let changedMono = clock.mono();
    await this.#wait('the last messages', this.#settings.settleDeadline, () => {
      const now = joinLedgers(recorder.events, nodes).deliveries.reduce(
        (sum, { attempted: all, dropped, received }) => sum + size(subtract(all, union(dropped, received))),
        0,
      );
      if (now !== missing) changedMono = clock.mono();
      missing = now;
      return missing === 0 || clock.mono() - changedMono >= STILL_MS;
    }).catch(this.#goOn);
  }

  async #untilWell(links: readonly AnyLink[]): Promise<void> {
    const { events } = this.#context.recorder;
    await this.#wait('the tunnel to be well again', this.#settings.settleDeadline, () =>
      links.every((link) => linkIsWell(events, link)),
    ).catch(this.#goOn);
  }

  /** What did not come in time is for the checkers to judge; an interrupted run goes no further. */
  readonly #goOn = (): void => {
    this.#context.signal.throwIfAborted();
  };

  async #wait(what: string, deadlineMs: number, probe: () => boolean): Promise<void> {
    const { clock, signal } = this.#context;
    await waitFor(probe, { what, deadlineMs, intervalMs: 200, clock, signal });
  }
}

/** A plant smaller than the plan's certifies nothing about that one. */
function tooFewWorkers(wanted: number, there: number): OrdealError {
  return new OrdealError({
    code: 'EDGE_NODES_MISSING',
    exit: EXIT.unable,
    tried: `taking ${wanted} workers for edge nodes`,
    seen: `the cluster has ${there}`,
    todo: 'give the cluster as many with --workers, or the suite fewer in its setting nodes',
  });
}
