import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import type { Kube } from '../../../harness/kube/client.ts';
import type { Alert } from './watchdog.ts';

const COMPONENT = 'ordeal-watchdog';
const POST_MS = 5_000;

/** Posts an alert as JSON. @throws Error where it is not taken. */
export function webhookAlert(url: string): (alert: Alert) => Promise<void> {
  return async (alert) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(alert),
      signal: AbortSignal.timeout(POST_MS),
    });
    if (!response.ok) throw new Error(`the webhook answered ${response.status}`);
  };
}

/** Raises an alert as a Kubernetes Event on the node. */
export function eventAlert(kube: Kube, namespace: string): (alert: Alert) => Promise<void> {
  return async ({ at, node, reason, restart }) => {
    const time = new Date(at);
    await kube.core.createNamespacedEvent({
      namespace,
      body: {
        metadata: { generateName: `${COMPONENT}-`, namespace },
        // An Event of a node belongs to the namespace that it is written in, and names the node without one.
        involvedObject: { apiVersion: 'v1', kind: 'Node', name: node },
        type: 'Warning',
        reason: 'TunnelRestarted',
        message: `restart ${restart} of the tunnel of ${node}: ${reason}`,
        source: { component: COMPONENT, host: node },
        firstTimestamp: time,
        lastTimestamp: time,
        count: 1,
      },
    });
  };
}

const Posted = z.strictObject({
  node: z.string(),
  at: z.number(),
  reason: z.string(),
  restart: z.int(),
}) satisfies z.ZodType<Alert>;

export interface AlertReceiver {
  url: string;
  close(): Promise<void>;
}

/** The far end of the webhook, on loopback: who is on duty. */
export async function receiveAlerts(onAlert: (alert: Alert) => void): Promise<AlertReceiver> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const alert = Posted.safeParse(parse(Buffer.concat(chunks).toString('utf8')));
    if (alert.success) onAlert(alert.data);
    response.writeHead(alert.success ? 204 : 400).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/alert`,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
