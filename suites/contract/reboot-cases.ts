import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { waitFor } from '../../harness/clock/wait-for.ts';
import type { Bench } from './bench.ts';
import { type Lab, NODE_STATUS_DEADLINE_MS } from './lab.ts';
import type { ProbePlugin } from './probe-plugin.ts';

/** What becomes of a node's pods when it is switched off and on. After all other cases: it ends whatever runs there. */
export function declareReboot(getLab: () => Lab): void {
  describe('reboot of a node', () => {
    let bench: Bench;
    let plugin: ProbePlugin;
    const uids = new Map<string, string | undefined>();
    let left: number | undefined;
    let made: number;

    before(async function () {
      const lab = getLab();
      const { kubeletDirs, name: nodeName, power } = lab.node;
      if (!lab.cluster.capabilities.has('power-cycle') || !power) this.skip();
      bench = await lab.bench('reboot');
      plugin = await lab.plugin('gated', 2);
      await lab.allocatable(plugin.resource, 2);
      await bench.create({ name: 'again', restartPolicy: 'Always', nodeName });
      await bench.create({ name: 'over', nodeName });
      await bench.create({ name: 'holder', restartPolicy: 'OnFailure', devices: [plugin.resource, 1] });
      await bench.finish({ name: 'done', script: 'true', nodeName });
      for (const pod of ['again', 'over', 'holder']) await bench.running(pod);
      for (const pod of ['again', 'over', 'holder', 'done'])
        uids.set(pod, (await bench.get(pod)).metadata?.uid);
      const socket = join(kubeletDirs.devicePlugins, 'kubelet.sock');
      made = (await stat(socket)).mtimeMs;
      await power.off();
      left = (await stat(socket).catch(() => undefined))?.mtimeMs;
      await plugin.stop();
      await power.on();
      await waitFor(
        async () => {
          const now = await stat(socket).catch(() => undefined);
          return (now !== undefined && now.mtimeMs !== made) || undefined;
        },
        { what: 'a new kubelet.sock', deadlineMs: NODE_STATUS_DEADLINE_MS },
      );
    });

    const same = async (name: string) => {
      const pod = await bench.get(name);
      expect(pod.metadata?.uid).to.equal(uids.get(name));
      return pod.status;
    };
    /** As the runtime has it: the container is gone, and nobody saw how. */
    const lost = { exitCode: 255, reason: 'Unknown' };

    it('the kubelet’s socket is left in its folder while the node is off', () => {
      expect(left).to.equal(made);
    });

    it('a pod that is to go on has its container started again', async () => {
      await bench.until('again', 'started again', ({ status }) => {
        const [main] = status?.containerStatuses ?? [];
        // A kubelet may tell of the new container a status earlier than of the one before it.
        const told = main?.lastState?.terminated !== undefined;
        return told && main?.restartCount === 1 && main.state?.running !== undefined;
      });
      const [main] = (await same('again'))?.containerStatuses ?? [];
      expect(main?.lastState?.terminated).to.include(lost);
    });

    it('a pod that is not has failed', async () => {
      await bench.phase('over', 'Failed');
      const [main] = (await same('over'))?.containerStatuses ?? [];
      expect(main?.state?.terminated).to.include(lost);
      expect(main?.restartCount).to.equal(0);
    });

    it('a pod that had ended stays as it was', async () => {
      const status = await same('done');
      expect(status?.phase).to.equal('Succeeded');
      expect(status?.containerStatuses?.[0]?.state?.terminated?.exitCode).to.equal(0);
    });

    it('a pod whose plugin has not registered is refused, and does not run', async () => {
      await bench.phase('holder', 'Failed');
      const status = await same('holder');
      expect(status?.reason).to.equal('UnexpectedAdmissionError');
      expect(status?.message).to.contain('no healthy devices present');
      expect((status?.containerStatuses ?? []).filter(({ state }) => state?.running)).to.deep.equal([]);
    });

    it('its device is another’s once the plugin has registered', async () => {
      await plugin.serve();
      await plugin.register();
      await getLab().allocatable(plugin.resource, 2);
      await bench.finish({ name: 'all', script: 'true', devices: [plugin.resource, 2] });
    });
  });
}
