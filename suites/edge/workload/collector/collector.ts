import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import type { Clock } from '../../../../harness/clock/clock.ts';
import type { LedgerWriter } from '../ledger-writer.ts';
import { clockId, type Program } from '../program.ts';
import type { CollectorOptions } from './options.ts';
import { Publisher } from './publisher.ts';

/** Within the grace that Kubernetes gives a pod that it ends. */
const DRAIN_MS = 2_000;

/** The sensor collector: a publisher, and the two ports that the kubelet's probes look at. */
export async function startCollector(
  options: CollectorOptions,
  clock: Clock,
  ledger: LedgerWriter,
  drainMs = DRAIN_MS,
): Promise<Program> {
  const { protocol, publisher: name, qos, rate, store } = options;
  ledger.write({
    type: 'collector.started',
    publisher: name,
    clock: clockId(),
    protocol,
    qos,
    store,
    rate,
  });
  const publisher = new Publisher(options, clock, ledger);
  const alive = createServer((socket) => socket.on('error', () => undefined).end());
  const ready = createHttpServer(({ url }, response) => {
    const status = url !== '/ready' ? 404 : publisher.connected ? 200 : 503;
    response.writeHead(status).end();
  });
  await Promise.all([listen(alive, options.tcpPort), listen(ready, options.httpPort)]);
  return {
    async stop() {
      await publisher.stop(drainMs);
      alive.close();
      ready.closeAllConnections();
      ready.close();
    },
  };
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, resolve);
  });
}
