import { existsSync } from 'node:fs';
import { addFault, removeFault } from '../../clusters/gpu-node/control.ts';
import type { GpuFault } from '../../clusters/gpu-node/settings.ts';
import type { ClusterNode } from '../../clusters/port.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import type { History } from '../../harness/history/event.ts';
import { type Reach, reach } from '../../harness/radius/reach.ts';
import { leaseOf, leaseUntil } from '../dead-man/dead-man.ts';
import type { HealRecord } from '../journal.ts';
import type { CapabilityAnswer, FaultContext, Gone } from '../port.ts';

type Kind = GpuFault['kind'];
type Parameters<K extends Kind> = Omit<Extract<GpuFault, { kind: K }>, 'id' | 'kind' | 'untilWall'>;

/** How long an agent may take to apply what it was asked for: it looks every 100 ms. */
const APPLY_MS = 10_000;

const MECHANISM = 'knobs of the fake GPU node';

/** What every fault that goes through the fake GPU nodes' knobs has in common. */
export class GpuKnobs<K extends Kind> {
  readonly id: string;
  readonly nodes: readonly ClusterNode[];
  readonly mechanisms = [MECHANISM];
  readonly #resource: string;
  readonly #kind: K;
  readonly #parameters: Parameters<K>;

  /** @param resource whose plugin or driver it is */
  constructor(
    id: string,
    kind: K,
    parameters: Parameters<K>,
    nodes: readonly ClusterNode[],
    resource: string,
  ) {
    this.id = id;
    this.#kind = kind;
    this.#parameters = parameters;
    this.nodes = nodes;
    this.#resource = resource;
  }

  get target(): string {
    return `gpu of ${this.nodes.map(({ name }) => name).join(', ')}`;
  }

  get reach(): Reach {
    return reach({ nodes: this.nodes.map(({ name }) => name), resources: [this.#resource] });
  }

  async capability(): Promise<CapabilityAnswer> {
    if (this.nodes.length === 0) return { ok: false, reason: 'the fault names no node' };
    const hidden = this.nodes.filter(({ stateDir }) => stateDir === undefined);
    if (hidden.length === 0) return { ok: true, mechanism: MECHANISM };
    return {
      ok: false,
      reason: `no fake GPU node is in reach on ${hidden.map(({ name }) => name).join(', ')}`,
    };
  }

  healRecord(): HealRecord {
    const nodes = this.nodes.map(({ name, stateDir }) => ({ name, stateDir: stateDir as string }));
    return { by: 'gpu-knobs', fault: this.id, nodes };
  }

  /** Asks every node and waits until each has said that it applies. */
  async inject(context: FaultContext): Promise<unknown> {
    const { clock, recorder, signal } = context;
    const fault = {
      id: this.id,
      kind: this.#kind,
      ...this.#parameters,
      untilWall: leaseUntil(clock.wall(), leaseOf(context)),
    } as unknown as GpuFault;
    for (const node of this.nodes) await addFault(node, fault);
    await waitFor(() => this.said(recorder.events, 'fault.applied').size === this.nodes.length, {
      what: `${this.id} applied on ${this.nodes.length} nodes`,
      deadlineMs: APPLY_MS,
      clock,
      signal,
    });
    return this.#parameters;
  }

  async heal(): Promise<void> {
    for (const node of this.nodes) await removeFault(node, this.id);
  }

  /**
   * The nodes' own word that the fault is lifted. An agent that was started again knows of no fault but those that it says
   * it applies; a node whose folder is gone took the fault with it.
   */
  lifted(history: History): Gone {
    const isGone = ({ stateDir }: ClusterNode) => stateDir !== undefined && !existsSync(stateDir);
    const vanished = this.nodes.filter(isGone).map(({ name }) => name);
    const standing = this.nodes
      .filter((node) => !isGone(node) && this.#stands(history, `node/${node.name}`))
      .map(({ name }) => name);
    if (standing.length > 0) return { seen: false, evidence: `still on ${standing.join(', ')}` };
    if (vanished.length > 0) {
      return { seen: true, vanished: true, evidence: `gone with ${vanished.join(', ')}` };
    }
    return { seen: true, evidence: `lifted on ${this.nodes.length} nodes` };
  }

  #stands(history: History, source: string): boolean {
    const last = history.findLast(
      ({ type, source: from, body }) =>
        from === source &&
        (type === 'ledger.agent.started' ||
          (/^ledger\.fault\.(applied|lifted)$/.test(type) && (body as { id: string }).id === this.id)),
    );
    return last?.type === 'ledger.fault.applied';
  }

  /** Sources of the ledger lines of a type about this fault: an agent that starts again says it again. */
  said(history: History, type: 'fault.applied'): Set<string> {
    const about = history.filter(
      (event) => event.type === `ledger.${type}` && (event.body as { id: string }).id === this.id,
    );
    return new Set(about.map(({ source }) => source));
  }
}
