import { readFile, stat } from 'node:fs/promises';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { few } from '../../harness/errors/words.ts';
import { apiStatus, type Kube } from '../../harness/kube/client.ts';
import { gpuNodeFiles } from '../gpu-node/layout.ts';
import type { ClusterNode } from '../port.ts';
import { GPU_NODE_NAME, gpuDaemonSet, SYSTEM_NAMESPACE } from './gpu-daemonset.ts';
import type { WaitContext } from './usable.ts';

const DEADLINE_MS = 120_000;
const DAEMON_SET = { name: GPU_NODE_NAME, namespace: SYSTEM_NAMESPACE };

/**
 * Starts the fake GPU node on every worker and waits until each says in its ledger that it runs and, where settings
 * lie ready for it, that its plugin is registered. Those that end are waited for first.
 * @param watch the resource of a plugin that is there: nothing is faked then
 * @throws OrdealError WAIT_DEADLINE (exit 4) that names the nodes that said nothing.
 */
export async function startGpuNodes(
  kube: Kube,
  nodes: ClusterNode[],
  image: string,
  context: WaitContext,
  watch?: string,
): Promise<void> {
  const waiting = {
    deadlineMs: DEADLINE_MS,
    clock: context.clock ?? systemClock,
    ...(context.signal && { signal: context.signal }),
  };
  await waitFor(async () => !(await gpuNodesEnd(kube)), {
    what: 'the end of the fake GPU nodes before',
    ...waiting,
  });
  const ledgers = await Promise.all(
    nodes.flatMap(({ name, stateDir }) => (stateDir ? [awaited(name, stateDir, watch)] : [])),
  );
  await ignoring(409, kube.core.createNamespace({ body: { metadata: { name: SYSTEM_NAMESPACE } } }));
  await kube.apps.createNamespacedDaemonSet({
    namespace: SYSTEM_NAMESPACE,
    body: gpuDaemonSet(image, watch),
  });
  let missing: string[] = [];
  await waitFor(
    async () => {
      missing = [];
      for (const ledger of ledgers) if (!(await ledger.said())) missing.push(ledger.node);
      return missing.length === 0;
    },
    {
      what: `the fake GPU nodes of ${ledgers.length} workers`,
      seen: () => `nothing in the ledger of ${few(missing)}`,
      ...waiting,
    },
  );
}

/**
 * Ends the fake GPU nodes and waits until nothing of them is left: their DaemonSet goes after its pods, and no other of its
 * name can be made before. Nothing where there are none.
 */
export async function stopGpuNodes(kube: Kube, context: WaitContext): Promise<void> {
  await ignoring(
    404,
    kube.apps.deleteNamespacedDaemonSet({ ...DAEMON_SET, propagationPolicy: 'Foreground' }),
  );
  await waitFor(
    async () => {
      if (await ignoring(404, kube.apps.readNamespacedDaemonSet(DAEMON_SET))) return false;
      return (await kube.core.listNamespacedPod({ namespace: SYSTEM_NAMESPACE })).items.length === 0;
    },
    {
      what: 'the end of the fake GPU nodes',
      deadlineMs: DEADLINE_MS,
      clock: context.clock ?? systemClock,
      ...(context.signal && { signal: context.signal }),
    },
  );
}

/** Whether there are fake GPU nodes that end: what a node shows of its own goes with it. */
export async function gpuNodesEnd(kube: Kube): Promise<boolean> {
  const found = await ignoring(404, kube.apps.readNamespacedDaemonSet(DAEMON_SET));
  return found?.metadata?.deletionTimestamp !== undefined;
}

/** A node's ledger from its present end on: what an earlier agent wrote says nothing of this one. */
export async function awaited(node: string, stateDir: string, watch?: string) {
  const files = gpuNodeFiles(stateDir);
  const there = (path: string) => stat(path).catch(() => undefined);
  const start = (await there(files.ledger))?.size ?? 0;
  const last = watch
    ? 'agent.watching'
    : (await there(files.settings))
      ? 'plugin.registered'
      : 'agent.started';
  return {
    node,
    async said(): Promise<boolean> {
      const ledger = await readFile(files.ledger).catch(() => Buffer.alloc(0));
      return ledger.subarray(start).includes(`"type":"${last}"`);
    },
  };
}

/** What the API answered; undefined where it was this failure. */
export async function ignoring<T>(code: number, answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (apiStatus(error) === code) return undefined;
    throw error;
  }
}
