import { waitFor } from '../../harness/clock/wait-for.ts';
import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import { few } from '../../harness/gate/words.ts';
import { burstOrThrow } from '../../harness/kube/burst.ts';
import type { Kube } from '../../harness/kube/client.ts';
import { paceMs } from '../../harness/kube/pace.ts';
import type { StepContext } from '../../harness/run/ports.ts';
import { GPU_NODE_NAME } from '../container-nodes/gpu-daemonset.ts';
import { awaited, ignoring } from '../container-nodes/gpu-nodes.ts';
import type { ClusterNode, NodeClock } from '../port.ts';
import { gpuPod } from './gpu-pod.ts';
import { Mirror } from './mirror.ts';
import { nodeClock, oneByOne } from './node-clock.ts';
import { RUN_LABEL } from './objects.ts';
import { NODE_POD_SECURITY } from './pod-security.ts';

const START_MS = 120_000;
const END_MS = 28_000;
/** In which the logs are read a last time, all together: of nodes that are gone none is to be had. */
const LAST_LOGS_MS = 10_000;
/** Between two readings of one pod's log that is not to be had. */
const RETRY_MS = 250;
/** Its own, and that of the attempt before. */
const LOGS_A_READING = 2;
/** Pods outlive the plan's deadline by so much, for what is healed after it. */
const GRACE_S = 120;

interface GpuPodsOptions {
  kube: Kube;
  nodes: readonly ClusterNode[];
  image: string;
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

  /**
   * Starts them and waits until each says in its ledger that it runs and, where settings lie ready for it, that its plugin
   * is registered. Whoever calls has registered `stop` as its undo.
   * @param watch the resource of the vendor's plugin: nothing is faked then
   * @throws OrdealError WAIT_DEADLINE (exit 4) that says of each what is missing.
   */
  async start(watch?: string): Promise<void> {
    const { context, image, kube, nodes } = this.#options;
    const { clock, log, plan, runId, signal } = context;
    const namespace = this.#namespace;
    this.#what = watch === undefined ? 'the fake GPU nodes' : `who watches ${watch}`;
    await kube.core.createNamespace({
      body: { metadata: { name: namespace, labels: { ...NODE_POD_SECURITY, [RUN_LABEL]: runId } } },
    });
    await waitFor(
      async () => (await kube.core.listNamespacedServiceAccount({ namespace })).items.length > 0,
      { what: `the service account of ${namespace}`, deadlineMs: START_MS, clock, signal },
    );
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
    const deadlineSeconds = Math.ceil(plan.deadline / 1_000) + GRACE_S;
    await burstOrThrow(this.#started, async ({ node, pod }) => {
      const body = gpuPod({
        namespace,
        name: pod,
        node,
        image,
        deadlineSeconds,
        ...(watch !== undefined && { watch }),
      });
      await kube.core.createNamespacedPod({ namespace, body });
    });
    await this.#running();
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
    const { kube } = this.#options;
    const started = this.#started;
    this.#started = [];
    const last = AbortSignal.timeout(LAST_LOGS_MS);
    // A thousand new connections at once, and the API server answers nobody for a while.
    await burstOrThrow(started, async ({ mirror }) => await mirror.stop(last));
    const name = this.#namespace;
    await ignoring(404, kube.core.deleteNamespace({ name }));
    await waitFor(async () => (await ignoring(404, kube.core.readNamespace({ name }))) === undefined, {
      what: `the end of namespace ${name}`,
      deadlineMs: END_MS,
      intervalMs: 250,
      clock: this.#options.context.clock,
    });
  }

  async #running(): Promise<void> {
    const { kube, context } = this.#options;
    const { clock, signal } = context;
    let seen = '';
    await waitFor(
      async () => {
        const { items } = await kube.core.listNamespacedPod({ namespace: this.#namespace });
        const states = items.map(({ metadata, status }) => {
          const [container] = status?.containerStatuses ?? [];
          const waiting = container?.state?.waiting;
          const blocked = status?.conditions?.find(
            ({ type, status: is }) => type === 'PodScheduled' && is === 'False',
          );
          const why = waiting?.message ?? waiting?.reason ?? blocked?.message ?? status?.phase ?? 'unknown';
          return {
            name: metadata?.name,
            running: container?.state?.running !== undefined,
            phase: status?.phase,
            why,
          };
        });
        const missing = states.filter(({ running }) => !running).map(({ name, why }) => `${name}: ${why}`);
        seen = few(missing, '; ');
        if (states.some(({ phase }) => phase === 'Failed')) throw notStarted(this.#what, seen);
        return states.length === this.#started.length && seen === '';
      },
      {
        what: `the pods of ${this.#what}`,
        deadlineMs: START_MS,
        intervalMs: paceMs(this.#started.length, 250),
        seen: () => seen,
        clock,
        signal,
      },
    );
  }
}

function notStarted(what: string, seen: string): OrdealError {
  return new OrdealError({
    code: 'GPU_NODES_NOT_STARTED',
    exit: EXIT.unable,
    tried: `starting ${what}`,
    seen,
    todo: 'see that cluster.workloadImage names an image made by `ordeal images build`, and that the nodes have it',
  });
}
