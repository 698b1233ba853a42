import type { EdgeLink, EdgeNetwork } from '../../clusters/network/port.ts';
import type { Cluster } from '../../clusters/port.ts';
import type { SuiteContext } from '../../harness/run/ports.ts';
import type { Bench } from '../contract/bench.ts';
import type { PluginNode } from '../contract/lab.ts';
import type { Note } from './events.ts';
import { StagedGpu } from './gpu.ts';
import { Overlay } from './overlay.ts';
import { StagedPlugin } from './plugin.ts';
import type { FaultAt, Scenario } from './scenario.ts';
import type { CatalogueSettings, Remedies } from './settings.ts';
import { StagedClaims } from './staged-claims.ts';

/** The network of these nodes of the cluster; registers its undo on the context before it acts. */
export type OpenNetwork = (context: SuiteContext<Cluster>, nodes: readonly string[]) => Promise<EdgeNetwork>;

interface PartsOptions {
  context: SuiteContext<Cluster>;
  scenario: Scenario;
  node: PluginNode;
  openNetwork: OpenNetwork;
  namespace: string;
  settings: CatalogueSettings;
  remedies: Remedies;
  /** Of its devices. */
  resource: string;
  pods: Bench;
  podName(name: string): string;
  note: Note;
}

/** What a scenario brings along to be broken, each with its remedies: it ends with the scenario, or with the run. */
export class Parts {
  readonly #options: PartsOptions;
  readonly #plugins = new Map<string, StagedPlugin>();
  #gpu: StagedGpu | undefined;
  #claims: StagedClaims | undefined;
  #links: readonly EdgeLink[] | undefined;
  #overlay: Overlay | undefined;

  constructor(options: PartsOptions) {
    this.#options = options;
  }

  /** A plugin that serves and has tried to register, under a name of its own. */
  async plugin(name = 'only', more: { allocateMs?: number } = {}): Promise<StagedPlugin> {
    const { context, node, note, remedies, resource, scenario, settings } = this.#options;
    const plugin = new StagedPlugin({
      folder: node.kubeletDirs.devicePlugins,
      resource,
      purpose: scenario.id.toLowerCase(),
      name,
      devices: settings.devices,
      supervised: remedies.supervisor,
      ...more,
      clock: context.clock,
      tell: (deed) => void note('plugin.did', { plugin: name, ...deed }),
    });
    this.#plugins.set(name, plugin);
    context.undo.push(`end the plugin ${name} of ${scenario.id}`, () => plugin.end());
    await plugin.start();
    return plugin;
  }

  /** A fake GPU node that serves and has registered. */
  async gpu(): Promise<StagedGpu> {
    const { context, node, note, remedies, resource, scenario, settings } = this.#options;
    const { devicePlugins } = node.kubeletDirs;
    if (node.stateDir === undefined) throw new RangeError(`the files of ${node.name} are out of reach`);
    const gpu = new StagedGpu({
      ...{ devicePluginDir: devicePlugins, stateDir: node.stateDir, resource, remedies },
      ...{ purpose: scenario.id.toLowerCase(), devices: settings.devices, clock: context.clock },
      tell: (deed) => void note('plugin.did', { plugin: 'gpu', ...deed }),
    });
    this.#gpu = gpu;
    context.undo.push(`end the fake GPU node of ${scenario.id}`, () => gpu.end());
    await gpu.start();
    return gpu;
  }

  /** A DRA driver that the kubelet has registered, whose devices are published. */
  async claims(): Promise<StagedClaims> {
    const { context, namespace, node, note, podName, pods, remedies, scenario, settings } = this.#options;
    const claims = new StagedClaims({
      ...{ context, scenario: scenario.id, node, namespace, settings, pods, podName, note },
      awaitsBinding: remedies.awaitsBinding,
    });
    this.#claims = claims;
    context.undo.push(`end the DRA driver of ${scenario.id}`, () => claims.end());
    await claims.start();
    return claims;
  }

  /** A vxlan between the node and the cloud, over a link of the plan's isolation, that answers. */
  async overlay(): Promise<Overlay> {
    const { context, node, note, openNetwork, remedies } = this.#options;
    const { evidence, isolation, links, versions } = await openNetwork(context, [node.name]);
    const [link] = links;
    if (!link) throw new RangeError(`the network of ${node.name} has no link`);
    await link.setOffload(!remedies.offloadOff);
    this.#links = links;
    this.#overlay = await Overlay.lay(link);
    note('overlay.up', { isolation, evidence, versions });
    return this.#overlay;
  }

  /** Of the network that a vxlan was laid over. */
  get links(): readonly EdgeLink[] | undefined {
    return this.#links;
  }

  /** Streams that a kubelet has open to any plugin. */
  get openStreams(): number {
    return this.#serving().reduce((sum, part) => sum + part.openStreams, 0);
  }

  /** As a fault asks for them while it is held. */
  forFault(): Pick<FaultAt, 'plugin' | 'gpu' | 'dra' | 'claimDelay' | 'below' | 'tellContainers'> {
    return {
      plugin: (name) => this.#had(this.#plugins.get(name), `plugin ${name}`),
      gpu: () => this.#had(this.#gpu, 'fake GPU node'),
      dra: () => this.#had(this.#claims, 'DRA driver').driver,
      claimDelay: () => this.#had(this.#claims, 'DRA driver').delayMs,
      below: () => this.#had(this.#overlay, 'vxlan').below,
      tellContainers: (word) => this.#had(this.#gpu, 'fake GPU node').tellContainers(word),
    };
  }

  async end(): Promise<void> {
    await this.#claims?.end();
    await Promise.all(this.#serving().map((part) => part.end()));
  }

  #serving(): (StagedGpu | StagedPlugin)[] {
    return [...this.#plugins.values(), ...(this.#gpu ? [this.#gpu] : [])];
  }

  #had<Part>(part: Part | undefined, what: string): Part {
    if (part === undefined) throw new RangeError(`${this.#options.scenario.id} has no ${what}`);
    return part;
  }
}
