import { createServer, type Server } from 'node:http';
import { type AddressInfo, BlockList, isIP } from 'node:net';
import { Pushgateway, Registry } from 'prom-client';
import { EXIT, messageOf, OrdealError } from '../../harness/errors/error.ts';
import type { LiveMetrics } from '../../harness/run/ports.ts';
import { follow } from './progress.ts';
import { openMetrics, prometheusRegistry, type Told } from './registry.ts';

/** What a Pushgateway may take to answer; a run's end waits for it. */
const PUSH_TIMEOUT_MS = 5_000;

interface Targets {
  /** Where it is listened. */
  addresses: { host: string; port: number }[];
  /** Pushgateways. */
  gateways: string[];
}

/**
 * Metrics of runs while they live, at `http://ADDRESS/metrics`, and pushed when each has ended.
 * @param targets `127.0.0.1:9464`, `[::1]:9464`, and the URL of a Pushgateway
 * @throws OrdealError METRICS_TARGET (exit 3) for what is none of these, METRICS_UNHEARD (exit 4) where an address
 * cannot be listened at.
 */
export async function liveMetrics(targets: readonly string[]): Promise<LiveMetrics> {
  const { addresses, gateways } = parsed(targets);
  const runs = new Map<string, () => Told>();
  const servers: Server[] = [];
  const close = async () => {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  };
  for (const { host, port } of addresses) {
    const server = serverOf(() => [...runs.values()].map((told) => told()));
    servers.push(server);
    await listening(server, host, port).catch(async (error: unknown) => {
      await close();
      throw unheard(`${host}:${port}`, error);
    });
  }
  return {
    urls: servers.map(urlOf),
    follow(runId, history) {
      const progress = follow(history);
      runs.set(runId, () => ({ runId, progress: progress() }));
    },
    reporter: {
      name: 'live metrics',
      async report({ history, verdict }) {
        const { runId } = verdict;
        const told: Told = { runId, progress: follow(history)(), verdict };
        runs.set(runId, () => told);
        for (const gateway of gateways) await push(gateway, told);
        return [];
      },
    },
    close,
  };
}

function serverOf(runs: () => Told[]): Server {
  return createServer(async (request, response) => {
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    try {
      const text = await openMetrics(runs());
      response.writeHead(200, { 'content-type': Registry.OPENMETRICS_CONTENT_TYPE }).end(text);
    } catch (error) {
      response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' }).end(messageOf(error));
    }
  }).unref();
}

async function listening(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
}

function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/metrics`;
}

/** A run is a group: none takes another's place. */
async function push(gateway: string, told: Told): Promise<void> {
  const client = new Pushgateway(gateway, { timeout: PUSH_TIMEOUT_MS }, prometheusRegistry([told]));
  await client.push({ jobName: 'ordeal', groupings: { run: told.runId } });
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

function parsed(targets: readonly string[]): Targets {
  const addresses: Targets['addresses'] = [];
  const gateways: string[] = [];
  for (const target of targets) {
    const [, six, four, port] = /^(?:\[([^\]]+)\]|([^:/]+)):(\d{1,5})$/.exec(target) ?? [];
    const host = six ?? four;
    if (host !== undefined && isLoopback(host) && Number(port) < 65_536)
      addresses.push({ host, port: Number(port) });
    else if (/^https?:\/\/./.test(target) && URL.canParse(target)) gateways.push(target);
    else throw unclear(target);
  }
  return { addresses, gateways };
}

/** What a run tells is not for whoever is on the same network. */
function isLoopback(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return host === 'localhost';
  return loopback.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

function unclear(target: string): OrdealError {
  return new OrdealError({
    code: 'METRICS_TARGET',
    exit: EXIT.usage,
    tried: `reading --metrics ${target}`,
    seen: 'it is neither an address on loopback with its port nor a URL',
    todo: 'give --metrics 127.0.0.1:9464, or the URL of a Pushgateway such as http://pushgateway:9091',
  });
}

function unheard(address: string, cause: unknown): OrdealError {
  return new OrdealError({
    code: 'METRICS_UNHEARD',
    exit: EXIT.unable,
    tried: `listening at ${address} for --metrics`,
    seen: messageOf(cause),
    todo: 'give another port, or 0 for any that is free',
    cause,
  });
}
