import { expect } from 'chai';
import { PluginDelayWith, pluginDelay } from '../../faults/gpu/plugin-delay.ts';
import { PluginDuplicateWith, pluginDuplicate } from '../../faults/gpu/plugin-duplicate.ts';
import { PluginErrorWith, pluginError } from '../../faults/gpu/plugin-error.ts';
import { PluginHangWith, pluginHang } from '../../faults/gpu/plugin-hang.ts';
import { PluginStreamLostWith, pluginStreamLost } from '../../faults/gpu/plugin-stream-lost.ts';
import { holdElsewhere } from '../../faults/gpu/testing/holder.ts';
import { NvidiaPlugin, SHARES } from '../../faults/gpu/testing/nvidia-plugin.ts';
import { bodyOf, type Stage } from '../../faults/gpu/testing/stage.ts';
import { healJournal } from '../../faults/journal.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { run } from '../../harness/exec/exec.ts';
import { VendorsNode } from './testing/vendors-node.ts';
import { probeScript } from './workload/probe.ts';

/** NVIDIA's device plugin, driver and GPUs, under an embedded kubelet: the proxy, the probe and a run as it is. */
describe('NVIDIA’s device plugin, on the real driver', function () {
  this.timeout(240_000);
  const node = new VendorsNode();
  let stage: Stage;
  let plugin: NvidiaPlugin;
  let shares: number;
  let running: string;

  before(async () => {
    const worker = await node.up();
    stage = node.stage();
    plugin = new NvidiaPlugin(worker);
    plugin.start(node.folder);
    const { stdout } = await run(['nvidia-smi', '-L']);
    shares = SHARES * stdout.split('\n').filter((line) => line.startsWith('GPU ')).length;
    await stage.allocatable(shares).catch((error: Error) => {
      throw new Error(`${error.message}\n${plugin.said}`);
    });
  });

  after(async () => {
    await plugin?.stop();
    expect(await node.down()).to.deep.equal([]);
  });

  it('is certified as it is: what it gives can be used, by nvidia-smi and by a real call to the device', async () => {
    const verdict = await node.certify(
      ...[`gpusPerNode=${shares}`, 'replicas=4', 'starts=48'].map(
        (setting) => `suites.0.settings.${setting}`,
      ),
      'requirements.GPU-6.skip=nobody restarts the plugin',
      'requirements.GPU-7.skip=no cap',
    );
    for (const { id, measured, reason, samples, unit, verdict: is } of verdict.requirements) {
      process.stdout.write(`      ${id} ${is}: ${measured} ${unit} of ${samples}: ${reason}\n`);
    }
    expect(verdict.verdict, verdict.reasons.join('; ')).to.equal('pass');
    const zero = verdict.requirements.find(({ id }) => id === 'GPU-1');
    expect(zero).to.include({ measured: 0 });
    expect(zero?.reason).to.match(/in (\d+) of \1 a real call was made to each/);
  });

  it('does not take for usable what nvidia-smi shows and no call reaches', async () => {
    // As on the nodes of NVIDIA/gpu-operator#2685: the driver is there, and its memory device is not.
    const hidden = 'mount --bind /dev/null /dev/nvidia-uvm && exec sh -c "$1"';
    const { stdout } = await run(['unshare', '--mount', 'sh', '-c', hidden, 'sh', probeScript(0, 1)]);
    const { exit, usable, worked } = JSON.parse(stdout);
    expect({ exit, worked }).to.deep.equal({ exit: 0, worked: [] });
    expect(usable).to.have.length(shares / SHARES);
  });

  describe('with the proxy in front of it', () => {
    before(async () => {
      running = await stage.running();
    });

    after(() => stage.remove(running));

    /** Nobody has told it of any of it, and what it had given is still held. */
    afterEach(async () => {
      expect(plugin.registrations, plugin.said).to.equal(1);
      expect(plugin.runs).to.equal(true);
      expect(await stage.phaseOf(running)).to.equal('Running');
      await stage.works(shares);
    });

    const told = (history: Awaited<ReturnType<Stage['hold']>>) => {
      for (const type of ['fault.bit', 'fault.healed'])
        process.stdout.write(`      ${bodyOf(history, type)?.evidence}\n`);
    };

    it('a delay of Allocate holds a start', async () => {
      let name = '';
      const fault = pluginDelay('d', PluginDelayWith.parse({ delay: '2s' }), stage.at);
      told(
        await stage.hold(fault, async () => {
          name = await stage.running();
        }),
      );
      await stage.remove(name);
    });

    it('an error of Allocate is the pod’s own', async () => {
      let name = '';
      told(
        await stage.hold(pluginError('e', PluginErrorWith.parse({}), stage.at), async () => {
          name = await stage.start();
          await stage.inPhase(name, 'Failed');
        }),
      );
      await stage.remove(name);
    });

    it('a call that hangs is answered when it is healed', async () => {
      let name = '';
      told(
        await stage.hold(pluginHang('h', PluginHangWith.parse({}), stage.at), async () => {
          name = await stage.start();
        }),
      );
      await stage.inPhase(name, 'Running');
      await stage.remove(name);
    });

    it('a duplicate gives a second container the first one’s answer', async () => {
      const names: string[] = [];
      told(
        await stage.hold(pluginDuplicate('u', PluginDuplicateWith.parse({}), stage.at), async () => {
          for (let pod = 0; pod < 2; pod += 1) names.push(await stage.running());
        }),
      );
      await stage.remove(...names);
    });

    it('a lost stream takes the resource away until it is healed', async () => {
      const fault = pluginStreamLost('s', PluginStreamLostWith.parse({ after: 200 }), stage.at);
      told(await stage.hold(fault, () => stage.allocatable(0)));
    });

    it('it serves again after a SIGKILL of the harness, the proxy and its keeper', async () => {
      const harness = await holdElsewhere(stage.cluster, stage.node);
      const pids = (['keeper', 'proxy'] as const).map((who) => stage.pidOf(who));
      // Whoever could give back at once is stopped first, so that none of them does.
      for (const pid of pids) process.kill(pid, 'SIGSTOP');
      harness.kill('SIGKILL');
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      await stage.givenBack();
      await stage.works(shares);
      await waitFor(() => stage.filesOfProxies().length === 0, {
        what: 'nothing left on the node',
        deadlineMs: 10_000,
      });
      expect(await healJournal(node.ground.journalFolder)).to.have.length(1);
      stage.expectClean();
    });
  });
});
