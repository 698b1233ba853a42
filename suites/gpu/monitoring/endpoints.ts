import type { LedgerLine } from '../../../clusters/gpu-node/ledger.ts';
import type { Cluster, GpuNodePods } from '../../../clusters/port.ts';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { messageOf } from '../../../harness/errors/error.ts';
import { eventsOf, type History } from '../../../harness/history/event.ts';
import { openStream } from '../../../harness/kube/stream.ts';
import type { SuiteContext } from '../../../harness/run/ports.ts';
import type { ExporterSettings } from '../settings.ts';

/** dcgm-exporter says about 2 KB a GPU. */
const MOST_BYTES = 16 << 20;
/** An exporter of a fake node listens before its plugin serves, and the API server hears of its pod some time after. */
const SERVING_MS = 20_000;

interface Answer {
  status: number;
  /** Its Date header, in wall ms of the node; null where it has none. */
  date: number | null;
  text: string;
}

/** Where a node's exporter is asked. */
export interface Endpoint {
  node: string;
  ask(signal: AbortSignal): Promise<Answer>;
}

/** A node that nobody can be asked of, and why. */
interface Absent {
  node: string;
  reason: string;
}

type Found = Endpoint | Absent;

/**
 * The exporters of these nodes. Those of fake nodes on this machine are told of in their ledgers; others are pods, which
 * the API server is asked to pass the question on to, for the nodes' own network may be out of reach.
 */
export async function exportersOf(
  context: SuiteContext<Cluster>,
  nodes: readonly string[],
  settings: ExporterSettings,
): Promise<Found[]> {
  const { cluster, plan } = context;
  if (plan.profile === 'as-is') return await inPods(cluster, nodes, settings);
  return cluster.gpuNodePods
    ? await inOwnPods(context, nodes, cluster.gpuNodePods)
    : await onThisMachine(context, nodes);
}

/** Those of the fake nodes, which have only just been started: each is waited for until it is known to run. */
async function inOwnPods(
  { clock, cluster, signal }: SuiteContext<Cluster>,
  nodes: readonly string[],
  pods: GpuNodePods,
): Promise<Found[]> {
  const own = { ...pods, path: '/metrics' };
  let found: Found[] = [];
  const allThere = async () => {
    found = await inPods(cluster, nodes, own);
    return found.every((each) => 'ask' in each);
  };
  await waitFor(allThere, {
    ...{ what: 'the pods of the fake nodes to run', deadlineMs: SERVING_MS, intervalMs: 200, clock, signal },
  }).catch(() => signal.throwIfAborted());
  return found;
}

async function onThisMachine(
  { clock, recorder, signal }: SuiteContext<Cluster>,
  nodes: readonly string[],
): Promise<Found[]> {
  const ports = () => servedPorts(recorder.events);
  await waitFor(() => nodes.every((node) => ports().has(node)), {
    ...{ what: 'the fake nodes’ exporters', deadlineMs: SERVING_MS, intervalMs: 20, clock, signal },
  }).catch(() => signal.throwIfAborted());
  return nodes.map((node): Found => {
    const port = ports().get(node);
    if (port === undefined) return { node, reason: 'its ledger tells of none that serves' };
    return {
      node,
      async ask(signal) {
        const response = await fetch(`http://127.0.0.1:${port}/metrics`, { signal });
        return {
          status: response.status,
          date: dateOf(response.headers.get('date')),
          text: await response.text(),
        };
      },
    };
  });
}

function servedPorts(history: History): Map<string, number> {
  type Serving = Extract<LedgerLine, { type: 'exporter.serving' }>;
  return new Map(
    eventsOf<Serving>(history, 'ledger.exporter.serving').map(({ body, source }) => [
      source.replace(/^node\//, ''),
      body.port,
    ]),
  );
}

async function inPods(
  { kube }: Cluster,
  nodes: readonly string[],
  { namespace, path, port, selector }: Omit<ExporterSettings, 'interval'>,
): Promise<Found[]> {
  const where = `${selector} in namespace ${namespace}`;
  try {
    const { items } = await kube.core.listNamespacedPod({ namespace, labelSelector: selector });
    return nodes.map((node): Found => {
      const pod = items.find(({ spec, status }) => spec?.nodeName === node && status?.phase === 'Running');
      const name = pod?.metadata?.name;
      if (name === undefined) return { node, reason: `no pod ${where} runs there` };
      const proxied = `/api/v1/namespaces/${namespace}/pods/${name}:${port}/proxy${path}`;
      return {
        node,
        async ask(signal) {
          const response = await openStream(kube, proxied, {}, signal);
          const chunks: Buffer[] = [];
          let bytes = 0;
          for await (const chunk of response as AsyncIterable<Buffer>) {
            bytes += chunk.length;
            if (bytes > MOST_BYTES) throw new Error(`its answer has more than ${MOST_BYTES} bytes`);
            chunks.push(chunk);
          }
          return {
            status: response.statusCode ?? 0,
            date: dateOf(response.headers.date ?? null),
            text: Buffer.concat(chunks).toString('utf8'),
          };
        },
      };
    });
  } catch (error) {
    return nodes.map((node) => ({ node, reason: `pods ${where} cannot be listed: ${messageOf(error)}` }));
  }
}

function dateOf(header: string | null): number | null {
  const date = Date.parse(header ?? '');
  return Number.isNaN(date) ? null : date;
}
