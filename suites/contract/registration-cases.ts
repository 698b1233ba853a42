import { expect } from 'chai';
import { systemClock } from '../../harness/clock/clock.ts';
import { background, type Early, type Lab, resourceOf } from './lab.ts';
import type { ProbePlugin } from './probe-plugin.ts';

async function failureOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
  } catch (error) {
    return String(error);
  }
  throw new Error('the kubelet took a registration that it has to refuse');
}

/** How a device plugin comes to the kubelet, and how its devices come to the node's status. */
export function declareRegistration(getLab: () => Lab, early: Early): void {
  describe('registration of a device plugin', () => {
    let plugin: ProbePlugin;
    let registered: number;
    let health: Promise<{ before: number; sick: number; after: number }>;
    let nobody: Promise<string>;
    const resource = resourceOf('health');

    early(async (lab) => {
      plugin = await lab.plugin('health', 3);
      registered = systemClock.mono();
      health = background(async () => {
        const capacity = async (allocatable: number) =>
          (await lab.allocatable(resource, allocatable)).capacity as number;
        const before = await capacity(3);
        plugin.setHealthy('health-1', false);
        const sick = await capacity(2);
        plugin.setHealthy('health-1', true);
        return { before, sick, after: await capacity(3) };
      });
      nobody = background(
        async () =>
          await failureOf(plugin.register({ resource: resourceOf('nobody'), endpoint: 'nobody.sock' })),
      );
    });

    it('refuses a version it does not speak, naming it', async () => {
      expect(await failureOf(plugin.register({ version: 'v0', resource: resourceOf('refused') }))).to.match(
        /"v0" is not supported by kubelet/,
      );
    });

    for (const name of ['no-domain', 'kubernetes.io/native', 'contract.ordeal.dev/not a name']) {
      it(`refuses ${name}, which is no extended resource’s name`, async () => {
        expect(await failureOf(plugin.register({ resource: name }))).to.contain(`"${name}" is invalid`);
      });
    }

    it('refuses an endpoint where nobody answers', async () => {
      expect(await nobody).to.match(/failed to dial device plugin/);
    });

    it('asks the plugin for its options before it answers Register', () => {
      const [options, ...more] = plugin.callsOf('GetDevicePluginOptions');
      expect(more).to.be.empty;
      expect(options?.answered).to.be.below(registered);
    });

    it('opens one ListAndWatch and keeps it', () => {
      const streams = plugin.callsOf('ListAndWatch');
      expect(streams).to.have.length(1);
      expect(streams[0]?.answered).to.equal(undefined);
    });

    it('capacity counts every device, allocatable the healthy ones', async () => {
      expect(await health).to.deep.equal({ before: 3, sick: 3, after: 3 });
    });

    it('asks nothing of a plugin whose resource no pod wants', async () => {
      const bench = await getLab().bench('registration');
      await bench.finish({ name: 'plain', script: 'true', nodeName: getLab().node.name });
      const methods = plugin.calls.map(({ method }) => method);
      expect(methods).to.have.members(['GetDevicePluginOptions', 'ListAndWatch']);
    });
  });
}
