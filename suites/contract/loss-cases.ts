import { expect } from 'chai';
import { waitFor } from '../../harness/clock/wait-for.ts';
import type { Bench } from './bench.ts';
import { background, type Early } from './lab.ts';
import type { ProbePlugin } from './probe-plugin.ts';

interface Stock {
  capacity: number | undefined;
  allocatable: number | undefined;
}

/** A plugin that goes, one that comes back, and one that is replaced while it still serves. */
export function declareLoss(early: Early): void {
  describe('loss of a device plugin', () => {
    let bench: Bench;
    let lost: Promise<{
      gone: Stock;
      refusal: { reason: string | undefined; message: string | undefined };
      container: [before: string | undefined, after: string | undefined];
      restarts: number | undefined;
      back: Stock;
      held: string;
      next: string;
      overbooked: string | undefined;
    }>;
    let late: Promise<{
      taken: string;
      oldStillOpen: boolean;
      after: Stock;
      newStream: string | undefined;
      again: Stock;
    }>;

    const containerOf = async (name: string) => (await bench.get(name)).status?.containerStatuses?.[0];
    const deviceOf = async (name: string) => (await bench.said(name, 'has ')).trim().slice('has '.length);
    const holding = (name: string, plugin: ProbePlugin) => ({
      name,
      script: 'echo "has $CONTRACT_DEVICES"; trap \'exit 0\' TERM; sleep 600 & wait $!',
      devices: [plugin.resource, 1] as [string, number],
    });

    early(async (lab) => {
      bench = await lab.bench('loss');
      lost = background(async () => {
        const plugin = await lab.plugin('life', 2);
        await lab.allocatable(plugin.resource, 2);
        await bench.create(holding('survivor', plugin));
        await bench.running('survivor');
        const before = await containerOf('survivor');
        await plugin.stop();
        await lab.allocatable(plugin.resource, 0);
        const gone = await lab.stock(plugin.resource);
        await bench.create({
          name: 'too-late',
          nodeName: lab.node.name,
          devices: [plugin.resource, 1],
        });
        const { status } = await bench.phase('too-late', 'Failed');
        await plugin.serve();
        await plugin.register();
        await lab.allocatable(plugin.resource, 2);
        const back = await lab.stock(plugin.resource);
        await bench.create(holding('newcomer', plugin));
        await bench.running('newcomer');
        await bench.create({ ...holding('third', plugin), nodeName: lab.node.name });
        const third = await bench.phase('third', 'Failed');
        const after = await containerOf('survivor');
        const result = {
          gone,
          refusal: { reason: status?.reason, message: status?.message },
          container: [before?.containerID, after?.containerID] as [string | undefined, string | undefined],
          restarts: after?.restartCount,
          back,
          held: await deviceOf('survivor'),
          next: await deviceOf('newcomer'),
          overbooked: third.status?.message,
        };
        await bench.remove('survivor', 'newcomer');
        return result;
      });
      late = background(async () => {
        const old = await lab.plugin('late', 2);
        await lab.allocatable(old.resource, 2);
        const successor = await lab.plugin('late', 2, { endpoint: 'contract-late-successor.sock' });
        await waitFor(() => successor.callsOf('ListAndWatch').length === 1, {
          what: 'the successor’s ListAndWatch',
          deadlineMs: 10_000,
        });
        const oldStillOpen = old.callsOf('ListAndWatch')[0]?.answered === undefined;
        await bench.finish({ name: 'taken', script: 'true', devices: [old.resource, 1] });
        const taken = `${old.callsOf('Allocate').length} old, ${successor.callsOf('Allocate').length} new`;
        await old.stop();
        await lab.allocatable(old.resource, 0);
        const after = await lab.stock(old.resource);
        // The node's status and the plugin's stream are two ways to hear of it, and either may be the slower one.
        const newStream = await waitFor(() => successor.callsOf('ListAndWatch')[0]?.endedBy, {
          what: 'the end of the successor’s ListAndWatch',
          deadlineMs: 10_000,
        });
        await successor.register();
        await lab.allocatable(old.resource, 2);
        return { taken, oldStillOpen, after, newStream, again: await lab.stock(old.resource) };
      });
    });

    it('its devices are no longer allocatable, and still count as capacity', async () => {
      expect((await lost).gone).to.deep.equal({ capacity: 2, allocatable: 0 });
    });

    it('a pod that comes by nodeName meanwhile is refused for good', async () => {
      const { refusal } = await lost;
      expect(refusal.reason).to.equal('UnexpectedAdmissionError');
      expect(refusal.message).to.contain('no healthy devices present');
    });

    it('a container that runs with its device goes on', async () => {
      const { container, restarts } = await lost;
      expect(container[0]).to.be.a('string');
      expect(container[1]).to.equal(container[0]);
      expect(restarts).to.equal(0);
    });

    it('registered again: all allocatable, and what is held stays held', async () => {
      const { back, held, next, overbooked } = await lost;
      expect(back).to.deep.equal({ capacity: 2, allocatable: 2 });
      expect([held, next].sort()).to.deep.equal(['life-0', 'life-1']);
      expect(overbooked).to.contain('Requested: 1, Available: 0');
    });

    it('a second registration takes over while the first plugin still serves', async () => {
      const { taken, oldStillOpen } = await late;
      expect(oldStillOpen).to.equal(true);
      expect(taken).to.equal('0 old, 1 new');
    });

    it('the first one’s late disconnect takes the second one’s devices with it', async () => {
      const { after, newStream } = await late;
      expect(after).to.deep.equal({ capacity: 2, allocatable: 0 });
      expect(newStream, 'who ended the second plugin’s ListAndWatch').to.equal('kubelet');
    });

    it('until the second one registers again', async () => {
      expect((await late).again).to.deep.equal({ capacity: 2, allocatable: 2 });
    });
  });
}
