import type { V1Namespace } from '@kubernetes/client-node';
import { type Clock, systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { apiStatus, type Kube } from '../../harness/kube/client.ts';
import { ignoring } from '../container-nodes/gpu-nodes.ts';

/** On every namespace that a run makes; the value begins with the ID of its session. */
export const RUN_LABEL = 'ordeal.dev/run';
/** What of a node's capacity is ours. */
const OWN_RESOURCE = /^ordeal\.dev\//;
const GONE_MS = 45_000;

/** The namespaces of a session, by name. */
export async function ownNamespaces(kube: Kube, runId: string): Promise<string[]> {
  const { items } = await kube.core.listNamespace({ labelSelector: RUN_LABEL });
  return items.filter((namespace) => isOf(namespace, runId)).map(({ metadata }) => metadata?.name ?? '');
}

function isOf({ metadata }: V1Namespace, runId: string): boolean {
  const label = metadata?.labels?.[RUN_LABEL];
  return label === runId || (label?.startsWith(`${runId}-`) ?? false);
}

/** Removes a session's namespaces with all that is in them; names them once they are gone. Safe to repeat. */
export async function removeNamespaces(
  kube: Kube,
  runId: string,
  clock: Clock = systemClock,
): Promise<string[]> {
  const names = await ownNamespaces(kube, runId);
  for (const name of names) {
    await ignoring(404, kube.core.deleteNamespace({ name }));
  }
  let left = names;
  await waitFor(
    async () => {
      left = names.length > 0 ? await ownNamespaces(kube, runId) : [];
      return left.length === 0;
    },
    {
      what: `the end of the namespaces ${names.join(', ')}`,
      deadlineMs: GONE_MS,
      intervalMs: 250,
      clock,
      seen: () => `${left.join(', ')} still there`,
    },
  );
  return names;
}

/**
 * Takes what a run advertised from a node's status; names it. Safe to repeat, beside others who do the same, and for a node
 * that is gone.
 */
export async function removeOwnResources(kube: Kube, node: string): Promise<string[]> {
  const removed: string[] = [];
  for (const resource of await ownResources(kube, node)) {
    const path = `/status/capacity/${resource.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    try {
      await kube.core.patchNodeStatus({ name: node, body: [{ op: 'remove', path }] });
      removed.push(resource);
    } catch (error) {
      // 422: there is nothing to remove. A caretaker and a person may clean at once, and one of them comes first.
      const code = apiStatus(error);
      const isOther = code === 404 || (code === 422 && !(await ownResources(kube, node)).includes(resource));
      if (!isOther) throw error;
    }
  }
  return removed;
}

async function ownResources(kube: Kube, node: string): Promise<string[]> {
  const found = await ignoring(404, kube.core.readNode({ name: node }));
  return Object.keys(found?.status?.capacity ?? {}).filter((resource) => OWN_RESOURCE.test(resource));
}
