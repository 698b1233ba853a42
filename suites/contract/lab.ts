import type { Cluster, ClusterNode } from '../../clusters/port.ts';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import type { Kube } from '../../harness/kube/client.ts';
import { Bench, RESOURCE_PREFIX } from './bench.ts';
import { ProbePlugin, type ProbePluginOptions } from './probe-plugin.ts';

/** A worker whose sockets are in reach. */
export type PluginNode = ClusterNode & { kubeletDirs: NonNullable<ClusterNode['kubeletDirs']> };

/**
 * Two dozen pods that start at once take 15 s on two idle cores, and took 100 s on two that were ten times overloaded.
 */
const POD_DEADLINE_MS = 240_000;
/** A kubelet writes its node's status every 10 s; this allows for missed turns. */
export const NODE_STATUS_DEADLINE_MS = 60_000;

/** What all cases share: one cluster, one worker, namespaces and plugins that are taken away at the end. */
export class Lab {
  readonly cluster: Cluster;
  readonly kube: Kube;
  readonly node: PluginNode;
  /** Kubernetes 1.<minor>. */
  readonly minor: number;
  readonly #namespaces: string[] = [];
  readonly #plugins: ProbePlugin[] = [];
  readonly #stem = `contract-${Math.floor(systemClock.wall()).toString(36)}`;

  private constructor(cluster: Cluster, node: PluginNode, minor: number) {
    this.cluster = cluster;
    this.kube = cluster.kube;
    this.node = node;
    this.minor = minor;
  }

  static async open(cluster: Cluster): Promise<Lab> {
    const node = cluster.nodes.find(
      (candidate): candidate is PluginNode =>
        candidate.role === 'worker' && candidate.kubeletDirs !== undefined,
    );
    if (!cluster.capabilities.has('plugin-sockets') || !node) {
      throw new Error(`${cluster.provider} cluster ${cluster.name} offers no worker's plugin sockets`);
    }
    const version = await cluster.kube.version.getCode();
    const minor = Number.parseInt(version.minor, 10);
    return new Lab(cluster, node, minor);
  }

  /** A namespace of its own, for pods on a bench. */
  async bench(purpose: string): Promise<Bench> {
    const name = `${this.#stem}-${purpose}`;
    await this.kube.core.createNamespace({ body: { metadata: { name } } });
    this.#namespaces.push(name);
    return new Bench(this.kube, name, this.cluster.workloadImage, POD_DEADLINE_MS);
  }

  /** A plugin that serves and has registered; the node's status follows within its period. */
  async plugin(purpose: string, count: number, options: ProbePluginOptions = {}): Promise<ProbePlugin> {
    const plugin = new ProbePlugin(this.node.kubeletDirs.devicePlugins, purpose, count, options);
    this.#plugins.push(plugin);
    await plugin.serve();
    await plugin.register();
    return plugin;
  }

  /** Capacity and allocatable of one resource in the node's status; undefined where it is not named. */
  async stock(resource: string): Promise<{ capacity: number | undefined; allocatable: number | undefined }> {
    const node = await this.kube.core.readNode({ name: this.node.name });
    const figure = (quantities: Record<string, string> | undefined) =>
      quantities?.[resource] === undefined ? undefined : Number(quantities[resource]);
    return { capacity: figure(node.status?.capacity), allocatable: figure(node.status?.allocatable) };
  }

  /** Waits until the node's status shows so many of a resource allocatable. */
  async allocatable(resource: string, count: number): Promise<{ capacity: number | undefined }> {
    let last = '';
    return await waitFor(
      async () => {
        const stock = await this.stock(resource);
        last = JSON.stringify(stock);
        return stock.allocatable === count ? { capacity: stock.capacity } : undefined;
      },
      { what: `${count} ${resource} allocatable`, deadlineMs: NODE_STATUS_DEADLINE_MS, seen: () => last },
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#namespaces.map(async (name) => await this.kube.core.deleteNamespace({ name })));
    await Promise.all(this.#plugins.map(async (plugin) => await plugin.stop()));
  }
}

/** Registers what has to be under way before the first case, so that waits of tens of seconds overlap. */
export type Early = (start: (lab: Lab) => Promise<void>) => void;

/** The full name of a resource of this suite. */
export function resourceOf(purpose: string): string {
  return `${RESOURCE_PREFIX}${purpose}`;
}

/**
 * Starts a scenario at once, for a case to await later, so that the waits of several overlap (a node's status is
 * written every 10 s, a failed start is tried again after as long).
 */
export function background<T>(scenario: () => Promise<T>): Promise<T> {
  const outcome = scenario();
  outcome.catch(() => undefined);
  return outcome;
}
