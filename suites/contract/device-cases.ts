import { join } from 'node:path';
import { expect } from 'chai';
import type { ContainerDevices } from '../../clusters/kubelet-api/messages.ts';
import { PodResourcesReader } from '../../clusters/kubelet-api/pod-resources.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import type { Bench } from './bench.ts';
import { background, type Early, type Lab } from './lab.ts';
import type { ProbePlugin } from './probe-plugin.ts';

/** A span in which one pod's main container had a device: wall milliseconds by the runtime's stamps. */
interface Hold {
  pod: string;
  device: string;
  from: number;
  to: number;
}

/** Devices change hands only when their pod has ended, and the kubelet's own account of them agrees. */
export function declareDevices(getLab: () => Lab, early: Early): void {
  describe('devices', () => {
    let bench: Bench;
    let plugin: ProbePlugin;
    let reader: PodResourcesReader;
    let holds: Promise<Hold[]>;

    early(async (lab) => {
      plugin = await lab.plugin('burst', 2);
      bench = await lab.bench('devices');
      reader = new PodResourcesReader(join(lab.node.kubeletDirs.podResources, 'kubelet.sock'));
      holds = background(async () => {
        await lab.allocatable(plugin.resource, 2);
        const names = Array.from({ length: 6 }, (_, index) => `burst-${index}`);
        await Promise.all(names.map(holdBriefly));
        return await Promise.all(names.map(holdOf));
      });
    });

    const holdBriefly = async (name: string) => {
      await bench.create({
        name,
        script: 'echo "from $CONTRACT_DEVICES"; sleep 1; echo to',
        devices: [plugin.resource, 1],
      });
      await bench.phase(name, 'Succeeded');
    };
    const holdOf = async (pod: string): Promise<Hold> => {
      const device = /from (\S+)/.exec(await bench.log(pod))?.[1] as string;
      return { pod, device, from: await bench.saidAt(pod, 'from'), to: await bench.saidAt(pod, 'to') };
    };

    after(() => {
      reader?.close();
    });

    const holderOf = async (name: string) =>
      (await reader.list()).find((entry) => entry.namespace === bench.namespace && entry.name === name);
    /** Device IDs of our resource, however many entries the kubelet spreads them over. */
    const idsIn = (entries: ContainerDevices[]) =>
      entries
        .filter(({ resource_name }) => resource_name === plugin.resource)
        .flatMap(({ device_ids }) => device_ids)
        .sort();
    const allocatable = async () => idsIn(await reader.allocatable());

    it('a burst of three times the devices: all run, no device is in two containers at once', async () => {
      const seen = await holds;
      expect(new Set(seen.map(({ device }) => device))).to.deep.equal(new Set(['burst-0', 'burst-1']));
      for (const one of seen) {
        for (const other of seen) {
          if (one === other || one.device !== other.device) continue;
          expect(one.to <= other.from || other.to <= one.from, `${one.pod} and ${other.pod}: ${one.device}`)
            .to.be.true;
        }
      }
    });

    it('are free again once a pod has ended, though the pod is still listed by the API', async () => {
      await bench.finish({ name: 'took-all', script: 'true', devices: [plugin.resource, 2] });
      await bench.finish({ name: 'took-all-again', script: 'true', devices: [plugin.resource, 2] });
      expect((await bench.get('took-all')).status?.phase).to.equal('Succeeded');
    });

    it('are free again once a running pod was deleted', async () => {
      await bench.create({ name: 'leaving', devices: [plugin.resource, 2] });
      await bench.running('leaving');
      await bench.create({ name: 'waiting', script: 'true', devices: [plugin.resource, 1] });
      await bench.ask('leaving');
      await bench.phase('waiting', 'Succeeded');
    });

    it('PodResources lists a running pod’s devices by namespace, pod and container', async () => {
      await bench.create({ name: 'listed', devices: [plugin.resource, 2] });
      await bench.running('listed');
      const asked = plugin.callsOf('Allocate').at(-1)?.containers?.[0] ?? [];
      const holder = await holderOf('listed');
      expect(holder?.containers.map(({ name }) => name)).to.deep.equal(['main']);
      expect(idsIn(holder?.containers[0]?.devices ?? [])).to.deep.equal([...asked].sort());
    });

    it('PodResources names all healthy devices as allocatable, in use or not', async () => {
      expect(await allocatable()).to.deep.equal(['burst-0', 'burst-1']);
      plugin.setHealthy('burst-1', false);
      await waitFor(async () => (await allocatable()).length === 1 || undefined, {
        what: 'one allocatable device in PodResources',
        deadlineMs: 10_000,
      });
      plugin.setHealthy('burst-1', true);
      await waitFor(async () => (await allocatable()).length === 2 || undefined, {
        what: 'two allocatable devices in PodResources',
        deadlineMs: 10_000,
      });
    });

    it('PodResources shows nothing held by a pod that ended, once another was admitted', async () => {
      await bench.remove('listed');
      for (const name of ['ended', 'next']) {
        await bench.finish({ name, script: 'true', devices: [plugin.resource, 1] });
      }
      const held = async () =>
        idsIn((await holderOf('ended'))?.containers.flatMap(({ devices }) => devices) ?? []);
      await waitFor(async () => (await held()).length === 0 || undefined, {
        what: 'no device listed for the ended pod',
        deadlineMs: 15_000,
      });
      // 1.34 lists active pods only; 1.27 keeps an ended pod in the list, and the last one admitted with its devices.
      if (getLab().minor >= 34) expect(await holderOf('ended')).to.equal(undefined);
    });
  });
}
