import { waitFor } from '../../harness/clock/wait-for.ts';
import { few } from '../../harness/errors/words.ts';
import { burstOrThrow } from '../../harness/kube/burst.ts';
import type { Kube } from '../../harness/kube/client.ts';
import { paceMs } from '../../harness/kube/pace.ts';
import type { StepContext } from '../../harness/run/ports.ts';
import { GPU_NODE_NAME, gpuNodePods } from '../container-nodes/gpu-daemonset.ts';
import { awaited } from '../container-nodes/gpu-nodes.ts';
import type { ClusterNode, GpuNodePods, NodeClock } from '../port.ts';
import { gpuPod } from './gpu-pod.ts';
import { Mirror } from './mirror.ts';
import { nodeClock, oneByOne } from './node-clock.ts';
import {
  makeNodeNamespace,
  podDeadlineSeconds,
  removeNodeNamespace,
  untilRunning,
} from './node-namespace.ts';

const START_MS = 120_000;
/** In which the logs are read a last time, all together: of nodes that are gone none is to be had. */
const LAST_LOGS_MS = 10_000;
/** Between two readings of one pod's log that is not to be had. */
const RETRY_MS = 250;
/** Its own, and that of the attempt before. */
const LOGS_A_READING = 2;

interface GpuPodsOptions {
  kube: Kube;
  nodes: readonly ClusterNode[];
  image: string;
  /** Whether fake ones are to have an exporter each. */
  exporter: boolean;
  context: StepContext;
}

interface Started {
  node: string;
  stateDir: string;
  pod: string;
  mirror: Mirror;
}

/** The fake GPU nodes of a cluster that is someone's, or who watches those that it has: a pod a node, in a namespace of their own. */
export class GpuPods {
  readonly #options: GpuPodsOptions;
  readonly #namespace: string;
  #started: Started[] = [];
  /** What they are, for whoever reads of their failure. */
  #what = '';

  constructor(options: GpuPodsOptions) {
    this.#options = options;
    this.#namespace = `ordeal-${options.context.runId}-gpu`;
  }

  get where(): GpuNodePods {
    return gpuNodePods(this.#namespace);
  }

  /**
   * Starts them and waits until each says in its ledger that it runs and, where settings lie ready for it, that its plugin
   * is registered. Whoever calls has registered `stop` as its undo.
   * @param watch the resource of the vendor's plugin: nothing is faked then
   * @throws OrdealError WAIT_DEADLINE (exit 4) that says of each what is missing.
   */
  async start(watch?: string): Promise<void> {
    const { context, exporter, image, kube, nodes } = this.#options;
    const { clock, log, plan, runId, signal } = context;
    const namespace = this.#namespace;
    this.#what = watch === undefined ? 'the fake GPU nodes' : `who watches ${watch}`;
    const home = { kube, namespace, clock, signal };
    await makeNodeNamespace(home, runId);
    const retryMs = paceMs(LOGS_A_READING * nodes.length, RETRY_MS);
    this.#started = nodes.flatMap(({ name: node, stateDir }, index) => {
      if (stateDir === undefined) return [];
      const pod = `${GPU_NODE_NAME}-${index}`;
      const inPod = { kube, namespace, pod, container: GPU_NODE_NAME };
      return [
        {
          node,
          stateDir,
          pod,
          mirror: new Mirror({ stateDir, pod: inPod, clock, log, retryMs, orders: watch === undefined }),
        },
      ];
    });
    const deadlineSeconds = podDeadlineSeconds(plan);
    await burstOrThrow(this.#started, async ({ node, pod }) => {
      const body = gpuPod({
        namespace,
        name: pod,
        node,
        image,
        deadlineSeconds,
        exporter,
        ...(watch !== undefined && { watch }),
      });
      await kube.core.createNamespacedPod({ namespace, body });
    });
    const running = { code: 'GPU_NODES_NOT_STARTED', count: this.#started.length, what: this.#what };
    await untilRunning(home, running);
    const ledgers = await Promise.all(
      this.#started.map(({ node, stateDir }) => awaited(node, stateDir, watch)),
    );
    for (const { mirror } of this.#started) mirror.start();
    let silent: string[] = [];
    await waitFor(
      async () => {
        silent = [];
        for (const { node, said } of ledgers) if (!(await said())) silent.push(node);
        return silent.length === 0;
      },
      {
        what: `${this.#what} on ${ledgers.length} nodes`,
        deadlineMs: START_MS,
        seen: () => `nothing in the ledger of ${few(silent)}`,
        clock,
        signal,
      },
    );
  }

  /** The clocks of their nodes. */
  async clocks(): Promise<NodeClock[]> {
    const { context, kube } = this.#options;
    return await oneByOne(
      this.#started,
      async ({ node, pod }) => {
        const inPod = { kube, namespace: this.#namespace, pod, container: GPU_NODE_NAME };
        return await nodeClock(node, inPod, context.clock);
      },
      context,
    );
  }

  /** Ends them and waits until nothing of them is left. Safe to repeat. */
  async stop(): Promise<void> {
    const { context, kube } = this.#options;
    const started = this.#started;
    this.#started = [];
    const last = AbortSignal.timeout(LAST_LOGS_MS);
    // A thousand new connections at once, and the API server answers nobody for a while.
    await burstOrThrow(started, async ({ mirror }) => await mirror.stop(last));
    await removeNodeNamespace({ kube, namespace: this.#namespace, clock: context.clock });
  }
}
