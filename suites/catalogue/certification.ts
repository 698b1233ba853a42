import type { EdgeLink } from '../../clusters/network/port.ts';
import type { Cluster } from '../../clusters/port.ts';
import type { FaultKeeper } from '../../faults/wrapper.ts';
import { messageOf, OrdealError } from '../../harness/errors/error.ts';
import type { Phase, SuiteContext } from '../../harness/run/ports.ts';
import { Bench } from '../contract/bench.ts';
import type { PluginNode } from '../contract/lab.ts';
import { keeperIn } from '../keeper.ts';
import { makeNamespace } from '../namespace.ts';
import type { CatalogueEvents } from './events.ts';
import type { OpenNetwork } from './parts.ts';
import { thresholdOf } from './requirements.ts';
import { rowOf } from './rows.ts';
import { resourceOf, type Scenario } from './scenario.ts';
import { scenarioOf } from './scenarios/all.ts';
import { SUITE, settingsOf } from './settings.ts';
import { Stage } from './stage.ts';

/** One run of the rows that a plan names, one after the other, on the first worker whose sockets are in reach. */
export class Certification {
  readonly #context: SuiteContext<Cluster>;
  readonly #namespace: string;
  readonly #openNetwork: OpenNetwork;
  #heldBy: FaultKeeper | undefined;

  constructor(context: SuiteContext<Cluster>, openNetwork: OpenNetwork) {
    this.#context = context;
    this.#openNetwork = openNetwork;
    this.#namespace = `ordeal-${context.runId}-${SUITE}`.slice(0, 63);
  }

  phases(): Phase[] {
    const { settings } = settingsOf(this.#context.plan);
    return [
      { name: 'install', run: () => makeNamespace(this.#context, this.#namespace) },
      { name: 'steady state', run: () => this.#steady() },
      ...settings.scenarios.map((id) => ({
        name: `${id} ${rowOf(id).title}`,
        run: () => this.#conduct(scenarioOf(id)),
      })),
    ];
  }

  /** A pod that asks for no device runs: where none does, what fails afterwards is no row's doing. */
  async #steady(): Promise<void> {
    const { clock, cluster, plan, recorder, signal } = this.#context;
    const { patience } = settingsOf(plan).settings;
    const pods = new Bench(cluster.kube, this.#namespace, cluster.workloadImage, patience);
    const node = this.#node();
    const from = clock.mono();
    try {
      await pods.create({ name: 'steady', ...(node && { nodeName: node.name }) });
      await pods.running('steady');
    } catch (error) {
      if (signal.aborted || !isMisfortune(error)) throw error;
      const reason = messageOf(error);
      recorder.record(`suite/${SUITE}`, 'steady.missed', { suite: SUITE, reason });
      return;
    }
    const measured = { startLatencyMs: clock.mono() - from };
    recorder.record(`suite/${SUITE}`, 'steady.reached', { suite: SUITE, measured });
    await pods.remove('steady');
  }

  async #conduct(scenario: Scenario): Promise<void> {
    const { plan, signal } = this.#context;
    const { remedies, settings } = settingsOf(plan);
    const node = this.#node();
    const { devices } = settings;
    this.#note('scenario.started', {
      ...{ scenario: scenario.id, node: node?.name ?? 'none' },
      ...{ resource: resourceOf(scenario.id), devices },
    });
    const lacking = scenario.needs.filter((need) => !this.#context.cluster.capabilities.has(need));
    if (lacking.length > 0 || !node) {
      const reason = `this cluster lacks ${lacking.join(', ') || 'a worker whose sockets are in reach'}`;
      this.#note('scenario.broke', { scenario: scenario.id, reason });
      return;
    }
    const stage = new Stage({
      ...{ context: this.#context, scenario, node, settings, remedies, openNetwork: this.#openNetwork },
      ...{ namespace: this.#namespace, threshold: thresholdOf(plan, scenario.id) },
      keeper: (links) => this.#keeperOf(links),
    });
    try {
      await scenario.run(stage);
      this.#note('scenario.ended', { scenario: scenario.id });
    } catch (error) {
      if (signal.aborted || !isMisfortune(error)) throw error;
      // The rows after it are not to suffer for it; its own requirement does.
      this.#note('scenario.broke', { scenario: scenario.id, reason: messageOf(error) });
    } finally {
      await stage.end();
    }
  }

  /** Made when the first fault is held, or the first of links: its radius is recorded with the run. */
  #keeperOf(links: readonly EdgeLink[] | undefined): FaultKeeper {
    const own = { suite: SUITE, namespace: this.#namespace };
    if (links) return keeperIn(this.#context, { ...own, links });
    this.#heldBy ??= keeperIn(this.#context, own);
    return this.#heldBy;
  }

  #node(): PluginNode | undefined {
    return this.#context.cluster.nodes.find(
      (node): node is PluginNode => node.role === 'worker' && node.kubeletDirs !== undefined,
    );
  }

  #note<Type extends keyof CatalogueEvents>(type: Type, body: CatalogueEvents[Type]): void {
    this.#context.recorder.record(`suite/${SUITE}`, type, body);
  }
}

/** What the cluster did not do in time, or did otherwise: seen, and no defect of whoever looked. */
function isMisfortune(error: unknown): boolean {
  return error instanceof OrdealError ? error.code === 'WAIT_DEADLINE' : error instanceof Error;
}
