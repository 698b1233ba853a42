import { Agent, createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { gpuNodePods } from '../../../clusters/container-nodes/gpu-daemonset.ts';
import type { Cluster } from '../../../clusters/port.ts';
import { systemClock } from '../../../harness/clock/clock.ts';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { eventsOf } from '../../../harness/history/event.ts';
import { memoryRecorder } from '../../../harness/history/writer.ts';
import type { SuiteContext } from '../../../harness/run/ports.ts';
import type { Scrape, SuiteEvents } from '../events.ts';
import { ExporterSettings } from '../settings.ts';
import { scrapeExporters } from './scraper.ts';

const sample = (labels: string) =>
  `DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-1",pci_bus_id="0",device="nvidia0",modelName="m",hostname="h"${labels}} 3\n`;
/** What the exporters on the nodes answer, by their pods. */
const ANSWERS: Record<string, [status: number, text: string]> = {
  'dcgm-1': [
    200,
    [
      '# HELP DCGM_FI_DEV_GPU_UTIL GPU utilization (in %).\n',
      sample(',container="trainer",namespace="ours",pod="p"'),
      sample(',container="trainer",namespace="theirs",pod="q"'),
      sample(''),
      sample(',GPU_I_ID="3",container="trainer",namespace="ours",pod="p"'),
      'up{namespace="ours",pod="p",container="c",UUID="x"} 1\n',
    ].join(''),
  ],
  'dcgm-2': [200, '<html>no metrics</html>\n'],
  'dcgm-3': [503, 'down\n'],
};

describe('asking exporters', () => {
  let api: Server;
  let asked: string[];
  let agent: Agent;

  beforeEach(async () => {
    asked = [];
    api = createServer((request, response) => {
      asked.push(request.url ?? '');
      const [, pod = ''] = /pods\/([^:]+):9400\/proxy\/metrics$/.exec(request.url ?? '') ?? [];
      const [status, text] = ANSWERS[pod] ?? [404, ''];
      response.sendDate = false;
      response.writeHead(status, { date: 'Thu, 26 Nov 2026 06:00:07 GMT' }).end(text);
    });
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
    agent = new Agent({ keepAlive: true });
  });

  afterEach(() => {
    agent.destroy();
    api.close();
  });

  /** Of a cluster whose API server lists such pods. */
  const contextOf = (
    profile: string,
    listNamespacedPod: (asked: Record<string, string>) => Promise<object>,
  ) => {
    const server = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
    const config = { getCurrentCluster: () => ({ server }), applyToHTTPSOptions: async () => {} };
    const kube = { agent, config, core: { listNamespacedPod } };
    return {
      recorder: memoryRecorder(systemClock),
      clock: systemClock,
      signal: new AbortController().signal,
      plan: { profile },
      cluster: { kube, gpuNodePods: gpuNodePods('ordeal-fakes') } as unknown as Cluster,
    } as SuiteContext<Cluster>;
  };

  it('reads each node’s through the API server: claims of the namespace alone, with the time; else why not', async () => {
    const context = contextOf('as-is', async ({ namespace, labelSelector }) => {
      expect([namespace, labelSelector]).to.deep.equal(['gpu-operator', 'app=nvidia-dcgm-exporter']);
      return {
        items: [1, 2, 3].map((index) => ({
          metadata: { name: `dcgm-${index}` },
          spec: { nodeName: `w${index}` },
          status: { phase: 'Running' },
        })),
      };
    });
    const { recorder } = context;
    const settings = ExporterSettings.parse({ interval: 20 });
    const before = systemClock.mono();
    const scraper = await scrapeExporters(context, ['w1', 'w2', 'w3', 'w4'], 'ours', settings);
    const scrapes = () => eventsOf<Scrape>(recorder.events, 'exporter.scraped').map(({ body }) => body);
    await waitFor(() => scrapes().length >= 3, { what: 'three scrapes', deadlineMs: 5_000, intervalMs: 5 });
    await scraper.stop();
    const [first] = scrapes();
    expect(first).to.deep.include({
      node: 'w1',
      date: Date.parse('2026-11-26T06:00:07Z'),
      claims: [{ device: 'GPU-1', pod: 'p', container: 'trainer' }],
      parts: 1,
    });
    expect(first?.sentMono).to.be.within(before, first?.receivedMono ?? 0);
    const unread = eventsOf<SuiteEvents['exporter.unread']>(recorder.events, 'exporter.unread');
    expect(new Set(unread.map(({ body }) => `${body.node}: ${body.reason}`))).to.deep.equal(
      new Set(['w2: line 1 is no sample: <html>no metrics</html>', 'w3: it answered 503']),
    );
    expect(eventsOf(recorder.events, 'exporter.absent').map(({ body }) => body)).to.deep.equal([
      { node: 'w4', reason: 'no pod app=nvidia-dcgm-exporter in namespace gpu-operator runs there' },
    ]);
    expect(asked[0]).to.match(/^\/api\/v1\/namespaces\/gpu-operator\/pods\/dcgm-\d:9400\/proxy\/metrics$/);
    expect(recorder.events.every(({ source }) => source.startsWith('exporter/'))).to.equal(true);
  });

  it('waits for the pods of fake nodes, which have only just been started', async () => {
    const phases = ['Pending', 'Pending', 'Running'];
    const context = contextOf('hardened', async ({ labelSelector, namespace }) => {
      expect([namespace, labelSelector]).to.deep.equal(['ordeal-fakes', 'app.kubernetes.io/name=gpu-node']);
      const phase = phases.length > 1 ? phases.shift() : phases[0];
      return { items: [{ metadata: { name: 'dcgm-1' }, spec: { nodeName: 'w1' }, status: { phase } }] };
    });
    const { recorder } = context;
    const scraper = await scrapeExporters(context, ['w1'], 'ours', ExporterSettings.parse({ interval: 20 }));
    await scraper.stop();
    expect(eventsOf(recorder.events, 'exporter.absent')).to.deep.equal([]);
    expect(eventsOf(recorder.events, 'exporter.scraped')).to.have.length.of.at.least(1);
  });
});
