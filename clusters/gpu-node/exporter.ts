import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Gauge, Registry } from 'prom-client';
import type { Clock } from '../../harness/clock/clock.ts';
import { messageOf } from '../../harness/errors/error.ts';
import type { PodResources } from '../kubelet-api/messages.ts';

/** Where an exporter listens: on every address unless told; port 0: any that is free. */
export interface ExporterAddress {
  host?: string | undefined;
  port: number;
}

interface Holder {
  namespace: string;
  pod: string;
  container: string;
}

export interface ExporterOptions {
  node: string;
  clock: Clock;
  /** The node's devices, in the order of their indices. */
  devices(): readonly string[];
  /** What the kubelet has recorded, asked anew at every scrape. */
  podResources(): Promise<PodResources[]>;
}

/** dcgm-exporter's labels of a GPU, and those that it adds where PodResources names a holder. */
const LABELS = ['gpu', 'UUID', 'pci_bus_id', 'device', 'modelName', 'Hostname'] as const;
const HOLDER_LABELS = ['container', 'namespace', 'pod'] as const;

/**
 * A fake dcgm-exporter: its default gauge of utilisation, with the labels that it has, at `/metrics`. As the real one
 * does, it asks PodResources at every scrape who holds a device, and so says “bound” as soon as the kubelet has recorded
 * the allocation, whether or not the container can use it. The utilisation is 0: nobody computes here.
 */
export class Exporter {
  readonly #options: ExporterOptions;
  #server: Server | undefined;

  constructor(options: ExporterOptions) {
    this.#options = options;
  }

  /** @returns the port that it listens on. */
  async start({ host, port }: ExporterAddress): Promise<number> {
    const server = createServer((request, response) => {
      // Node's own stamp is up to a second old; a scraper learns this node's clock from it.
      response.sendDate = false;
      if (request.url !== '/metrics') {
        response.writeHead(404).end();
        return;
      }
      this.#metrics().then(
        (text) =>
          response
            .writeHead(200, {
              'content-type': Registry.PROMETHEUS_CONTENT_TYPE,
              date: new Date(this.#options.clock.wall()).toUTCString(),
            })
            .end(text),
        (error: unknown) => response.writeHead(500).end(`${messageOf(error)}\n`),
      );
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host }, resolve);
    });
    return (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  async #metrics(): Promise<string> {
    const { devices, node } = this.#options;
    const holders = await this.#holders();
    const registry = new Registry();
    const utilisation = new Gauge({
      name: 'DCGM_FI_DEV_GPU_UTIL',
      help: 'GPU utilization (in %).',
      labelNames: [...LABELS, ...HOLDER_LABELS],
      registers: [registry],
    });
    for (const [index, device] of devices().entries()) {
      const holder = holders.get(device);
      utilisation.set(
        {
          gpu: index,
          UUID: device,
          pci_bus_id: `00000000:${(index + 1).toString(16).toUpperCase().padStart(2, '0')}:00.0`,
          device: `nvidia${index}`,
          modelName: 'Ordeal Fake GPU',
          Hostname: node,
          ...holder,
        },
        0,
      );
    }
    return await registry.metrics();
  }

  async #holders(): Promise<Map<string, Holder>> {
    const holders = new Map<string, Holder>();
    for (const { containers, name: pod, namespace } of await this.#options.podResources())
      for (const { devices, name: container } of containers)
        for (const id of devices.flatMap(({ device_ids }) => device_ids))
          holders.set(id, { container, namespace, pod });
    return holders;
  }
}
