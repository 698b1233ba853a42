import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { TO_BE_HEARD } from '../heard.ts';
import type { Bench } from './bench.ts';
import { type Early, type Lab, NODE_STATUS_DEADLINE_MS } from './lab.ts';
import type { ProbePlugin } from './probe-plugin.ts';

const CHECKPOINT = 'kubelet_internal_checkpoint';

interface Checkpoint {
  Data: {
    PodDeviceEntries: { PodUID: string; ContainerName: string; ResourceName: string; DeviceIDs: object }[];
  };
}

/** What outlives the kubelet, and what has to register anew. The last of all cases: it disturbs every plugin. */
export function declareRestart(getLab: () => Lab, early: Early): void {
  describe('restart of the kubelet', () => {
    let bench: Bench;
    let plugin: ProbePlugin;
    let folder: string;
    let container: { id: string | undefined; device: string; uid: string };

    early(async (lab) => {
      plugin = await lab.plugin('kept', 2);
    });

    const names = async () => await readdir(folder);
    const main = async () => (await bench.get('lasting')).status?.containerStatuses?.[0];

    before(async function () {
      if (!getLab().cluster.capabilities.has('restart-kubelet')) this.skip();
      const lab = getLab();
      bench = await lab.bench('restart');
      folder = lab.node.kubeletDirs.devicePlugins;
      await lab.allocatable(plugin.resource, 2);
      await bench.create({
        name: 'lasting',
        script: 'echo "has $CONTRACT_DEVICES"; trap \'exit 0\' TERM; sleep 600 & wait $!',
        devices: [plugin.resource, 1],
      });
      const pod = await bench.running('lasting');
      container = {
        id: pod.status?.containerStatuses?.[0]?.containerID,
        device: (await bench.said('lasting', 'has ')).trim().slice('has '.length),
        uid: pod.metadata?.uid as string,
      };
      const { mtimeMs } = await stat(join(folder, 'kubelet.sock'));
      await lab.node.restartKubelet();
      await waitFor(
        async () => {
          const now = await stat(join(folder, 'kubelet.sock')).catch(() => undefined);
          return (now !== undefined && now.mtimeMs !== mtimeMs) || undefined;
        },
        { what: 'a new kubelet.sock', deadlineMs: NODE_STATUS_DEADLINE_MS },
      );
    });

    it('every plugin’s socket is taken out of the folder; the checkpoint stays', async () => {
      expect(await names())
        .to.include.members(['kubelet.sock', CHECKPOINT])
        .and.not.include(plugin.endpoint);
    });

    it('the checkpoint names the running pod’s device', async () => {
      const checkpoint = JSON.parse(await readFile(join(folder, CHECKPOINT), 'utf8')) as Checkpoint;
      const entry = checkpoint.Data.PodDeviceEntries.find(({ PodUID }) => PodUID === container.uid);
      expect(entry).to.deep.include({
        ContainerName: 'main',
        ResourceName: plugin.resource,
        DeviceIDs: { '-1': [container.device] },
      });
    });

    it('nothing is allocatable until the plugin registers again', async () => {
      await getLab().allocatable(plugin.resource, 0);
      expect(await getLab().stock(plugin.resource)).to.deep.equal({ capacity: 0, allocatable: 0 });
    });

    it('a running container goes on', async () => {
      const now = await main();
      expect(now?.containerID).to.equal(container.id);
      expect(now?.restartCount).to.equal(0);
      expect(now?.state?.running).to.not.equal(undefined);
    });

    it('registered again: what the running pod holds is given to nobody else', async () => {
      await plugin.stop();
      await plugin.serve();
      await plugin.register();
      await getLab().allocatable(plugin.resource, 2);
      const other = await bench.finish({
        name: 'other',
        script: `echo "$CONTRACT_DEVICES"; ${TO_BE_HEARD}`,
        devices: [plugin.resource, 1],
      });
      expect([other.trim(), container.device].sort()).to.deep.equal(['kept-0', 'kept-1']);
      await bench.create({ name: 'both', nodeName: getLab().node.name, devices: [plugin.resource, 2] });
      const { status } = await bench.phase('both', 'Failed');
      expect(status?.message).to.contain('Requested: 2, Available: 1');
    });

    it('the running pod’s end frees its device', async () => {
      await bench.remove('lasting');
      await bench.finish({ name: 'all', script: 'true', devices: [plugin.resource, 2] });
    });
  });
}
