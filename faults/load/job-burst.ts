import type { V1Job } from '@kubernetes/client-node';
import type { History } from '../../harness/history/event.ts';
import { burst, burstOrThrow } from '../../harness/kube/burst.ts';
import { apiStatus } from '../../harness/kube/client.ts';
import { reach } from '../../harness/radius/reach.ts';
import type { Fault, Seen } from '../port.ts';

interface Line {
  allocation: string;
  mono: number;
}

const MECHANISM = 'Jobs through the API';

/** `load/job-burst`: many Jobs created at once in one namespace of ours. */
export function jobBurst(id: string, namespace: string, cluster: string, jobs: readonly V1Job[]): Fault {
  const names = jobs.map(({ metadata }) => metadata?.name as string);
  let from = Number.POSITIVE_INFINITY;
  return {
    id,
    kind: 'load/job-burst',
    target: `namespace ${namespace}`,
    reach: reach({ namespaces: [namespace], resources: ['jobs'] }),
    mechanisms: [MECHANISM],
    capability: async () =>
      jobs.length > 0 ? { ok: true, mechanism: MECHANISM } : { ok: false, reason: 'the burst has no Jobs' },
    healRecord: () => ({ by: 'namespace', namespace, cluster }),
    async inject({ cluster: { kube }, recorder }) {
      from = recorder.events.length;
      await burstOrThrow(jobs, (body) => kube.batch.createNamespacedJob({ namespace, body }));
      return { jobs: names.length };
    },
    bite: async (_context, history) => overlap(history, from),
    async heal({ cluster: { kube } }) {
      await burst(names, async (name) => {
        try {
          await kube.batch.deleteNamespacedJob({ namespace, name, propagationPolicy: 'Background' });
        } catch (error) {
          if (apiStatus(error) !== 404) throw error;
        }
      });
    },
    async gone({ cluster: { kube } }) {
      const { items } = await kube.core.listNamespacedPod({ namespace });
      const ours = items.filter(({ metadata }) =>
        names.includes(metadata?.labels?.['batch.kubernetes.io/job-name'] ?? ''),
      );
      return { seen: ours.length === 0, evidence: `${ours.length} pods of ${names.length} Jobs left` };
    },
  };
}

/** Allocations within so many ms of one another were wanted at once. */
const AT_ONCE_MS = 1_000;

/**
 * Whether one node was asked for a device while another's association was still to come; where a vendor's plugin keeps no
 * ledger, whether PodResources showed containers with devices that nobody had had a moment before.
 * @param from the first event that counts
 */
export function overlap(history: History, from = 0): Seen {
  const watched = history.some(({ type }) => type === 'ledger.agent.watching');
  return (watched ? newlyListed : awaiting)(history.slice(from));
}

interface Listing {
  mono: number;
  pods: { namespace: string; pod: string; container: string }[];
}

function newlyListed(history: History): Seen {
  const known = new Map<string, Map<string, number>>();
  let most = 0;
  for (const { body, source, type } of history) {
    if (type !== 'ledger.podresources') continue;
    const { mono, pods } = body as Listing;
    const since = known.get(source) ?? new Map<string, number>();
    known.set(source, since);
    for (const { container, namespace, pod } of pods) {
      const key = `${namespace}/${pod}/${container}`;
      if (!since.has(key)) since.set(key, mono);
    }
    const recent = [...since.values()].filter((at) => mono - at < AT_ONCE_MS).length;
    most = Math.max(most, recent);
  }
  return {
    seen: most >= 2,
    evidence: `up to ${most} containers were given devices within a second on one node, by PodResources`,
  };
}

function awaiting(history: History): Seen {
  const pending = new Map<string, Set<string>>();
  let most = 0;
  for (const { type, source, body } of history) {
    if (type === 'ledger.driver.associated') pending.get(source)?.delete((body as Line).allocation);
    if (type !== 'ledger.plugin.allocate') continue;
    const open = pending.get(source) ?? new Set();
    pending.set(source, open.add((body as Line).allocation));
    most = Math.max(most, open.size);
  }
  return {
    seen: most >= 2,
    evidence: `up to ${most} allocations at once awaited their association on one node`,
  };
}
