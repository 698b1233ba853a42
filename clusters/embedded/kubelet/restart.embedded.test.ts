import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { systemClock } from '../../../harness/clock/clock.ts';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { registerPlugin, serveDevicePlugin } from '../../kubelet-api/device-plugin.ts';
import { HEALTHY } from '../../kubelet-api/messages.ts';
import type { Listening } from '../../kubelet-api/transport.ts';
import { EmbeddedCluster } from '../cluster.ts';
import { ClusterSettings, nodeFolders, workerName } from '../settings.ts';

const RESOURCE = 'test.ordeal.dev/device';
const PODS = ['one', 'two', 'three', 'four'];
const NODE = workerName(0);

describe('a kubelet that restarts', function () {
  this.timeout(60_000);
  let folder: string;
  let cluster: EmbeddedCluster;
  let plugin: Listening;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'or-'));
    const settings = { name: 'c', runId: `test-${process.pid}`, folder, workers: 1, startLatencyMs: 1_000 };
    cluster = new EmbeddedCluster(ClusterSettings.parse(settings), systemClock);
    await cluster.start();
    const { devicePlugins } = nodeFolders(folder, NODE);
    plugin = await serveDevicePlugin(join(devicePlugins, 'p.sock'), {
      options: () => ({ pre_start_required: false, get_preferred_allocation_available: false }),
      watch: (stream) => {
        stream.send(PODS.map((ID) => ({ ID, health: HEALTHY })));
        return { closed: () => undefined };
      },
      preferred: () => ({ container_responses: [] }),
      allocate: async ({ container_requests }) => ({
        container_responses: container_requests.map(({ devices_ids }) => ({
          envs: { DEVICE: devices_ids.join() },
        })),
      }),
      preStart: async () => undefined,
    });
    await registerPlugin(join(devicePlugins, 'kubelet.sock'), { endpoint: 'p.sock', resource: RESOURCE });
  });

  after(async () => {
    await plugin.close();
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const status = (name: string) => cluster.store.get('pods', 'default', name)?.status;

  it('gives a container that starts meanwhile the devices that its pod holds', async () => {
    await waitFor(() => cluster.store.get('nodes', undefined, NODE)?.status.allocatable[RESOURCE] === '4', {
      ...{ what: '4 devices', deadlineMs: 10_000 },
    });
    for (const name of PODS)
      cluster.store.create('pods', {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { namespace: 'default', name },
        spec: {
          ...{ nodeName: NODE, restartPolicy: 'Never' },
          containers: [
            {
              ...{ name: 'main', image: 'none', command: ['sh', '-c', 'echo "has $DEVICE"'] },
              resources: { limits: { [RESOURCE]: '1' } },
            },
          ],
        },
      });
    await waitFor(() => PODS.every((name) => status(name)?.startTime !== undefined), {
      ...{ what: 'all pods admitted', deadlineMs: 10_000, intervalMs: 5 },
    });
    // One restart behind the other, so that each of them starts in the midst of one.
    const until = systemClock.mono() + 20_000;
    while (PODS.some((name) => status(name)?.phase !== 'Succeeded') && systemClock.mono() < until)
      await cluster.kubelet(NODE).restart();
    const said: string[] = [];
    for (const name of PODS) {
      const options = { container: 'main', follow: false, signal: new AbortController().signal };
      for await (const { line } of cluster.kubelet(NODE).logs('default', name, options)) said.push(line);
    }
    expect(said.sort()).to.deep.equal(PODS.map((name) => `has ${name}`).sort());
  });
});
