import type { V1Node } from '@kubernetes/client-node';
import { type Clock, systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import type { Kube } from '../../harness/kube/client.ts';

const READY_DEADLINE_MS = 180_000;

export interface WaitContext {
  clock?: Clock;
  signal?: AbortSignal;
  progress?: (line: string) => void;
}

/**
 * Waits until a cluster can run pods: every node Ready, the default service account there.
 * @param check looked at beside it; throws where waiting on is of no use.
 * @throws OrdealError WAIT_DEADLINE (exit 4).
 */
export async function untilUsable(
  kube: Kube,
  expected: number,
  context: WaitContext,
  check: () => Promise<void> = async () => {},
): Promise<void> {
  let seen = 'the API server gave no nodes';
  let last = '';
  await waitFor(
    async () => {
      await check();
      const { items } = await kube.core.listNode();
      const unready = items.filter((node) => readyCondition(node)?.status !== 'True');
      const ready = items.length - unready.length;
      const count = `${ready} of ${expected} nodes Ready`;
      seen = [count, ...unready.map(whyUnready)].join('; ');
      if (count !== last) context.progress?.(count);
      last = count;
      return ready === expected;
    },
    { what: `${expected} nodes Ready`, deadlineMs: READY_DEADLINE_MS, seen: () => seen, ...timing(context) },
  );
  await waitFor(
    async () => {
      const { items } = await kube.core.listNamespacedServiceAccount({ namespace: 'default' });
      return items.some(({ metadata }) => metadata?.name === 'default');
    },
    { what: 'the default service account', deadlineMs: READY_DEADLINE_MS, ...timing(context) },
  );
}

function readyCondition(node: V1Node) {
  return node.status?.conditions?.find(({ type }) => type === 'Ready');
}

function whyUnready(node: V1Node): string {
  const condition = readyCondition(node);
  const why = condition ? (condition.message ?? condition.reason) : 'it has told nothing of itself yet';
  return `${node.metadata?.name}: ${why}`;
}

/** What one node says of itself and of what it runs on. */
export async function nodeVersions(kube: Kube): Promise<Record<string, string>> {
  const [node] = (await kube.core.listNode({ limit: 1 })).items;
  const info = node?.status?.nodeInfo;
  return {
    kubernetes: info?.kubeletVersion ?? 'unknown',
    containerRuntime: info?.containerRuntimeVersion ?? 'unknown',
    kernel: info?.kernelVersion ?? 'unknown',
  };
}

function timing({ clock = systemClock, signal }: WaitContext) {
  return { clock, intervalMs: 100, ...(signal && { signal }) };
}
