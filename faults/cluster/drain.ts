import type { V1Pod } from '@kubernetes/client-node';
import type { Clock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { burstOrThrow } from '../../harness/kube/burst.ts';
import { apiStatus, type Kube } from '../../harness/kube/client.ts';

/** A budget that allows no disruption for so long is not about to. */
const DRAIN_MS = 120_000;
const AGAIN_MS = 500;

/** What a drain asks to leave: neither a DaemonSet's pods nor those that the kubelet itself was given, nor what has ended. */
export function evictable(pods: readonly V1Pod[]): V1Pod[] {
  return pods.filter(({ metadata, status }) => {
    const owned = metadata?.ownerReferences?.some(
      ({ controller, kind }) => controller && kind === 'DaemonSet',
    );
    const mirrored = metadata?.annotations?.['kubernetes.io/config.mirror'] !== undefined;
    const ended = status?.phase === 'Succeeded' || status?.phase === 'Failed';
    return !owned && !mirrored && !ended;
  });
}

export async function podsOn(kube: Kube, node: string): Promise<V1Pod[]> {
  return (await kube.core.listPodForAllNamespaces({ fieldSelector: `spec.nodeName=${node}` })).items;
}

export async function cordon(kube: Kube, node: string, unschedulable: boolean): Promise<void> {
  const body = [{ op: 'add', path: '/spec/unschedulable', value: unschedulable }];
  await kube.core.patchNode({ name: node, body });
}

export interface DrainOptions {
  clock: Clock;
  signal: AbortSignal;
  /** Told of each pod as its eviction was accepted. */
  onEvicted(pod: V1Pod): void;
}

/**
 * Evicts what may be evicted from a cordoned node, within the disruption budgets that there are, and waits until it is gone.
 * @throws OrdealError WAIT_DEADLINE (exit 4) that names those that are left.
 */
export async function drain(
  kube: Kube,
  node: string,
  { clock, onEvicted, signal }: DrainOptions,
): Promise<void> {
  const evicted = new Set<string>();
  let left: string[] = [];
  await waitFor(
    async () => {
      const pods = evictable(await podsOn(kube, node));
      await burstOrThrow(
        pods.filter(({ metadata }) => !metadata?.deletionTimestamp && !evicted.has(metadata?.uid ?? '')),
        async (pod) => {
          if (!(await evict(kube, pod))) return;
          evicted.add(pod.metadata?.uid ?? '');
          onEvicted(pod);
        },
      );
      left = pods.map(({ metadata }) => `${metadata?.namespace}/${metadata?.name}`);
      return left.length === 0;
    },
    {
      what: `the pods of ${node} to leave it`,
      deadlineMs: DRAIN_MS,
      intervalMs: AGAIN_MS,
      seen: () => `${left.join(', ')} there`,
      clock,
      signal,
    },
  );
}

/** A budget allows none now; it is gone; another has its name. */
const NOT_NOW: readonly (number | undefined)[] = [429, 404, 409];

/** Whether it goes by this: one that a budget keeps is asked again, and one that is gone went by itself. */
async function evict(kube: Kube, { metadata }: V1Pod): Promise<boolean> {
  const { name = '', namespace = '', uid = '' } = metadata ?? {};
  const body = { metadata: { name, namespace }, deleteOptions: { preconditions: { uid } } };
  try {
    await kube.core.createNamespacedPodEviction({ name, namespace, body });
    return true;
  } catch (error) {
    if (NOT_NOW.includes(apiStatus(error))) return false;
    throw error;
  }
}
