import { expect } from 'chai';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { TO_BE_HEARD } from '../heard.ts';
import type { Bench } from './bench.ts';
import type { Early, Lab } from './lab.ts';
import { answerOf, type ProbePlugin } from './probe-plugin.ts';

/** Twice what a pod takes to start where nothing is in its way. */
const HANG_MS = 3_000;

/** The kubelet admits one pod at a time, Allocate included; it refuses for good what it cannot admit. */
export function declareAdmission(getLab: () => Lab, early: Early): void {
  describe('admission', () => {
    let bench: Bench;
    let plugin: ProbePlugin;

    early(async (lab) => {
      plugin = await lab.plugin('admission', 3);
    });

    before(async () => {
      bench = await getLab().bench('admission');
      await getLab().allocatable(plugin.resource, 3);
    });

    afterEach(() => {
      plugin.behaviour = {};
    });

    /** Status of a pod that the kubelet refused, and the devices that Allocate was asked for meanwhile. */
    const rejection = async (name: string, count: number, cpu?: string) => {
      await bench.create({
        name,
        nodeName: getLab().node.name,
        ...(count > 0 ? { devices: [plugin.resource, count] as [string, number] } : {}),
        ...(cpu ? { cpu } : {}),
      });
      return (await bench.phase(name, 'Failed')).status;
    };

    it('an Allocate that hangs keeps every other pod of the node waiting', async () => {
      const nodeName = getLab().node.name;
      let release = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      const before = plugin.callsOf('Allocate').length;
      plugin.behaviour.allocate = async (devices) => {
        if (plugin.callsOf('Allocate').length === before + 1) await held;
        return [answerOf(devices)];
      };
      await bench.create({ name: 'hung', script: 'true', devices: [plugin.resource, 1], nodeName });
      await waitFor(() => plugin.callsOf('Allocate').length > before || undefined, {
        what: 'an Allocate that hangs',
        deadlineMs: bench.deadlineMs,
        intervalMs: 10,
      });
      await Promise.all([
        bench.create({ name: 'behind', script: 'true', devices: [plugin.resource, 1], nodeName }),
        bench.create({ name: 'cpu-only', script: `echo started; ${TO_BE_HEARD}`, nodeName }),
      ]);
      await systemClock.sleep(HANG_MS);
      expect(plugin.callsOf('Allocate').length, 'calls while the first one hangs').to.equal(before + 1);
      release();
      const started = await bench.saidAt('cpu-only', 'started');
      await Promise.all(['hung', 'behind'].map(async (name) => await bench.phase(name, 'Succeeded')));
      const [hung, behind] = plugin.callsOf('Allocate').slice(before);
      expect(behind?.asked).to.be.at.least(hung?.answered as number);
      expect(started).to.be.at.least(hung?.answeredWall as number);
    });

    it('an Allocate that fails: the pod is Failed for good, with the plugin’s words', async () => {
      plugin.behaviour.allocate = async () => {
        throw new Error('no such luck');
      };
      const status = await rejection('unlucky', 1);
      expect(status?.reason).to.equal('UnexpectedAdmissionError');
      expect(status?.message).to.contain('Allocate failed due to').and.to.contain('no such luck');
      expect(status?.containerStatuses ?? []).to.satisfy((statuses: { started?: boolean }[]) =>
        statuses.every(({ started }) => !started),
      );
    });

    it('what a failed Allocate had asked for is free again', async () => {
      await bench.finish({ name: 'all-three', script: 'true', devices: [plugin.resource, 3] });
    });

    it('too many container responses: the first one counts', async () => {
      plugin.behaviour.allocate = async (devices) => [
        answerOf(devices),
        { envs: { CONTRACT_DEVICES: 'second' } },
      ];
      const log = await bench.finish({
        name: 'two-answers',
        script: `echo "$CONTRACT_DEVICES"; ${TO_BE_HEARD}`,
        devices: [plugin.resource, 1],
      });
      expect(log).to.match(/^admission-\d\n$/);
    });

    it('more devices than the node has free, by nodeName: UnexpectedAdmissionError, no Allocate', async () => {
      const before = plugin.callsOf('Allocate').length;
      const status = await rejection('greedy', 4);
      expect(status?.reason).to.equal('UnexpectedAdmissionError');
      expect(status?.message).to.contain(
        `requested number of devices unavailable for ${plugin.resource}. Requested: 4, Available: 3`,
      );
      expect(plugin.callsOf('Allocate').length).to.equal(before);
    });

    it('more CPU than the node has, by nodeName: OutOfcpu', async () => {
      const status = await rejection('giant', 0, '1000');
      expect(status?.reason).to.equal('OutOfcpu');
    });

    it('no container response at all: UnexpectedAdmissionError', async () => {
      plugin.behaviour.allocate = async () => [];
      const status = await rejection('unanswered', 1);
      expect(status?.reason).to.equal('UnexpectedAdmissionError');
      expect(status?.message).to.contain('no containers return in allocation response');
    });
  });
}
