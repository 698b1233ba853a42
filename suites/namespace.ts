import type { Cluster } from '../clusters/port.ts';
import { waitFor } from '../harness/clock/wait-for.ts';
import { apiStatus } from '../harness/kube/client.ts';
import type { SuiteContext } from '../harness/run/ports.ts';

/** A namespace of the run's own; gone at the end with all that is in it. */
export async function makeNamespace(context: SuiteContext<Cluster>, namespace: string): Promise<void> {
  const { cluster, undo, clock } = context;
  const { core } = cluster.kube;
  undo.push(`delete namespace ${namespace}`, async () => {
    await core.deleteNamespace({ name: namespace }).catch(ignore(404));
    await waitFor(
      async () => {
        const found = await core.readNamespace({ name: namespace }).catch(ignore(404));
        return found === undefined;
      },
      { what: `namespace ${namespace} gone`, deadlineMs: 25_000, intervalMs: 200, clock },
    );
  });
  await core.createNamespace({
    body: {
      metadata: { name: namespace, labels: { ...cluster.namespaceLabels, 'ordeal.dev/run': context.runId } },
    },
  });
}

/** An API failure of these statuses is an answer, not an error. */
export function ignore(...statuses: number[]) {
  return (error: unknown): undefined => {
    if (statuses.includes(apiStatus(error) ?? 0)) return undefined;
    throw error;
  };
}
