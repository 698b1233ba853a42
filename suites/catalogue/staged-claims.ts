import type { Cluster } from '../../clusters/port.ts';
import type { OwnDra } from '../../faults/gpu/claim-bind-delay.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { apiStatus } from '../../harness/kube/client.ts';
import type { SuiteContext } from '../../harness/run/ports.ts';
import type { Bench } from '../contract/bench.ts';
import type { PluginNode } from '../contract/lab.ts';
import { seenOf } from './checkers/seen.ts';
import { Claims } from './claims.ts';
import { registrationOf, StagedDra } from './dra.ts';
import type { Note } from './events.ts';
import type { CatalogueSettings } from './settings.ts';
import { PROBE } from './work.ts';

const LOOK_MS = 200;

export interface StagedClaimsOptions {
  context: SuiteContext<Cluster>;
  /** The scenario's id. */
  scenario: string;
  node: PluginNode;
  namespace: string;
  settings: CatalogueSettings;
  awaitsBinding: boolean;
  pods: Bench;
  /** What a pod is called that is there for so much. */
  podName(name: string): string;
  note: Note;
}

/** A scenario's DRA driver, and the pods that have claims of its devices. */
export class StagedClaims {
  readonly #options: StagedClaimsOptions;
  readonly #driver: StagedDra;
  readonly #claims: Claims;
  /** Pods that may be there. */
  readonly #pods = new Set<string>();
  #delayMs = 0;
  #isOver = false;

  constructor(options: StagedClaimsOptions) {
    const { awaitsBinding, context, namespace, node, note, scenario, settings } = options;
    const { pluginsRegistry } = node.kubeletDirs;
    if (node.stateDir === undefined || pluginsRegistry === undefined)
      throw new RangeError(`the files of ${node.name} are out of reach`);
    const purpose = scenario.toLowerCase();
    const name = `${purpose}.catalogue.ordeal.dev`;
    const { devices } = settings;
    this.#options = options;
    this.#claims = new Claims({ kube: context.cluster.kube, namespace, node: node.name, name, devices });
    this.#driver = new StagedDra({
      ...{ registry: pluginsRegistry, stateDir: node.stateDir, name, purpose, devices, awaitsBinding },
      clock: context.clock,
      claimOf: (claim) => this.#claims.read(claim),
      tell: (deed) => void note('claim.prepared', deed),
    });
  }

  get driver(): OwnDra {
    return this.#driver;
  }

  get delayMs(): number {
    return this.#delayMs;
  }

  /** Resolves when the kubelet has registered the driver, and its devices are published. */
  async start(): Promise<void> {
    const { context, scenario, settings } = this.#options;
    const { clock, signal } = context;
    await this.#driver.start();
    await waitFor(() => this.#driver.registration?.registered, {
      ...{ what: `the DRA driver of ${scenario} registered`, clock, signal, intervalMs: LOOK_MS },
      ...{ deadlineMs: settings.patience, seen: () => registrationOf(this.#driver) },
    });
    await this.#claims.publish();
  }

  /** A pod that looks at the device of its claim all the time. */
  async create(name: string): Promise<void> {
    const { podName, pods } = this.#options;
    this.#pods.add(name);
    await pods.create({ ...this.#claims.shape(this.#driver.hostRoot, PROBE), name: podName(name) });
  }

  async remove(name: string): Promise<void> {
    const { podName, pods } = this.#options;
    await pods.remove(podName(name));
    this.#pods.delete(name);
  }

  /** Milliseconds from the preparation of a pod's only claim to its container's first look. */
  startMs(pod: string): number {
    const { context, scenario } = this.#options;
    const { events } = context.recorder;
    const prepared = seenOf(events, scenario, 'claim.prepared').findLast(
      ({ body }) => body.moment === 'over',
    );
    const first = seenOf(events, scenario, 'work.seen').find(({ body }) => body.pod === pod && body.n === 0);
    if (!prepared || !first) throw new Error(`the start of ${pod} was not seen`);
    return Math.max(0, first.body.at - prepared.wall);
  }

  delay(startMs: number, delayMs: number): void {
    this.#delayMs = delayMs;
    this.#options.note('claims.delayed', { startMs, delayMs });
  }

  /** Notes which claim has which device. */
  async look(): Promise<void> {
    this.#options.note('claims.seen', { claims: await this.#claims.allocated() });
  }

  /** Its pods first: none of them is gone before its driver has taken its device back. Safe to repeat. */
  async end(): Promise<void> {
    if (this.#isOver) return;
    await Promise.all([...this.#pods].map((pod) => this.remove(pod).catch(goneAlready)));
    await this.#claims.remove();
    await this.#driver.end();
    this.#isOver = true;
  }
}

function goneAlready(error: unknown): void {
  if (apiStatus(error) !== 404) throw error;
}
