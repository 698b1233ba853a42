import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { pino } from 'pino';
import { embeddedProvider } from '../../clusters/embedded/provider.ts';
import { registerPlugin, serveDevicePlugin } from '../../clusters/kubelet-api/device-plugin.ts';
import { HEALTHY } from '../../clusters/kubelet-api/messages.ts';
import type { Listening } from '../../clusters/kubelet-api/transport.ts';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { machineProcesses } from '../../harness/exec/processes.ts';
import { Plan } from '../../harness/plan/schema.ts';
import { UndoStack } from '../../harness/run/undo.ts';
import { WATCH } from '../dead-man/watch.ts';
import { healJournal } from '../journal.ts';
import { Ground } from '../network/testing/ground.ts';
import { PluginDelayWith, pluginDelay } from './plugin-delay.ts';
import { PluginDuplicateWith, pluginDuplicate } from './plugin-duplicate.ts';
import { PluginErrorWith, pluginError } from './plugin-error.ts';
import { PluginHangWith, pluginHang } from './plugin-hang.ts';
import { PluginStreamLostWith, pluginStreamLost } from './plugin-stream-lost.ts';
import { holdElsewhere, KILLED_RUN } from './testing/holder.ts';
import { bodyOf, Stage } from './testing/stage.ts';
import { Vendor } from './testing/vendor.ts';

const FOREIGN = 'example.com/other';
const GPUS = 4;

describe('faults of the calls to a vendor’s plugin', function () {
  this.timeout(180_000);
  let folder: string;
  let stage: Stage;
  let vendor: Vendor;
  let ground: Ground;
  let foreign: Listening;
  /** ListAndWatch streams of the other resource’s plugin that are open. */
  const foreignStreams = new Set<object>();
  const undo = new UndoStack();

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'px-'));
    ground = new Ground();
    const cluster = await embeddedProvider.up({
      plan: Plan.parse({ cluster: { provider: 'embedded', workers: 1, startLatency: 50 } }),
      runId: `proxy-${process.pid}`,
      outDir: join(folder, 'out'),
      workDir: folder,
      clock: systemClock,
      signal: AbortSignal.timeout(900_000),
      undo,
      log: pino({ level: 'silent' }),
      progress: () => undefined,
    });
    stage = new Stage(cluster, ground);
    vendor = new Vendor(stage.node);
    await vendor.start();
    await stage.allocatable(GPUS);
  });

  after(async () => {
    await foreign?.close();
    await vendor?.stop();
    const failed = await undo.unwind();
    ground.end();
    rmSync(folder, { recursive: true, force: true });
    expect(failed).to.deep.equal([]);
  });

  /** Another resource’s plugin, which no proxy stands for: any touch of its registration shows in its streams. */
  const serveForeign = async () => {
    const plugins = stage.node.kubeletDirs?.devicePlugins as string;
    foreign = await serveDevicePlugin(join(plugins, 'other.sock'), {
      options: () => ({ pre_start_required: false, get_preferred_allocation_available: false }),
      watch(stream) {
        foreignStreams.add(stream);
        stream.send([{ ID: 'other-0', health: HEALTHY }]);
        return { closed: () => foreignStreams.delete(stream) };
      },
      preferred: () => ({ container_responses: [] }),
      allocate: async () => ({ container_responses: [{}] }),
      preStart: async () => undefined,
    });
    const request = { endpoint: 'other.sock', resource: FOREIGN };
    await registerPlugin(join(plugins, 'kubelet.sock'), request);
    await stage.allocatable(1, FOREIGN);
  };

  it('a delay of Allocate holds a start, and a pod that ran before goes on', async () => {
    const before = await stage.running();
    const { registrations } = vendor;
    let name = '';
    const fault = pluginDelay('d', PluginDelayWith.parse({ delay: '2s' }), stage.at);
    const history = await stage.hold(fault, async () => {
      name = await stage.running();
    });
    expect(bodyOf(history, 'fault.bit')?.evidence).to.match(
      /Allocate was held for [23]\d{3} ms; only then did p2 start/,
    );
    expect(bodyOf(history, 'fault.healed')?.evidence).to.equal(
      '4 of 4 nvidia.com/gpu allocatable on worker-1 for 3000 ms; 2 pods kept what they held; a fresh pod got a device and ran',
    );
    expect(await stage.phaseOf(before)).to.equal('Running');
    expect(vendor.registrations).to.equal(registrations);
    await stage.remove(before, name);
  });

  it('an error of Allocate is the pod’s own, and the vendor’s plugin does not hear of it', async () => {
    const asked = vendor.allocates;
    let name = '';
    const fault = pluginError('e', PluginErrorWith.parse({}), stage.at);
    await stage.hold(fault, async () => {
      name = await stage.start();
      await stage.inPhase(name, 'Failed');
      expect(vendor.allocates).to.equal(asked);
    });
    await stage.remove(name);
  });

  it('a call that hangs keeps a pod from starting, and is answered when it is healed', async () => {
    let name = '';
    await stage.hold(pluginHang('h', PluginHangWith.parse({}), stage.at), async () => {
      name = await stage.start();
    });
    await stage.inPhase(name, 'Running');
    await stage.remove(name);
  });

  it('a duplicate gives a second container the first one’s answer', async () => {
    const names: string[] = [];
    await stage.hold(pluginDuplicate('u', PluginDuplicateWith.parse({}), stage.at), async () => {
      for (let pod = 0; pod < 2; pod += 1) names.push(await stage.running());
    });
    await stage.remove(...names);
  });

  it('a lost stream takes the resource away until it is healed, and no other one', async () => {
    await serveForeign();
    const [kubeletStream] = foreignStreams;
    const fault = pluginStreamLost('s', PluginStreamLostWith.parse({ after: 200 }), stage.at);
    await stage.hold(fault, async () => {
      await stage.allocatable(0);
      await stage.allocatable(1, FOREIGN);
    });
    expect([...foreignStreams]).to.deep.equal([kubeletStream]);
    await stage.allocatable(1, FOREIGN);
  });

  it('nothing is injected where nobody serves the resource', async () => {
    for (const [wanted, reason] of [
      [{ resource: 'example.com/nobody' }, /no device registered for example.com\/nobody/],
      [{ plugin: 'other.sock' }, /no plugin lists the devices registered for nvidia.com\/gpu .*other\.sock/],
    ] as const) {
      const fault = pluginDelay('n', PluginDelayWith.parse(wanted), stage.at);
      const history = await ground.hold(fault, async () => expect.fail('it went on'), {
        cluster: stage.cluster,
      });
      expect(bodyOf(history, 'fault.refused')?.reason).to.match(reason);
    }
  });

  describe('when something is killed under them', () => {
    const delayed = () => pluginDelay('k', PluginDelayWith.parse({ delay: '2s' }), stage.at);
    const deadManOf = (owner: ChildProcess) => {
      const { pid } =
        machineProcesses().find(
          ({ argv: [, , , name, of = ''] }) => name === WATCH && of.startsWith(`${owner.pid}.`),
        ) ?? {};
      if (pid === undefined) throw new Error('nobody watches what the harness holds');
      return pid;
    };

    for (const who of ['proxy', 'keeper'] as const) {
      it(`the vendor’s plugin serves again after a SIGKILL of the ${who}, and the run is told`, async () => {
        const { registrations } = vendor;
        const running = await stage.running();
        const history = await stage.hold(delayed(), async () => {
          const name = await stage.running();
          process.kill(stage.pidOf(who), 'SIGKILL');
          await stage.givenBack();
          await stage.allocatable(GPUS);
          expect(await stage.phaseOf(running)).to.equal('Running');
          await stage.remove(name, running);
          await stage.works(GPUS);
        });
        expect(bodyOf(history, 'fault.lapsed')?.evidence).to.match(/gone before it was told/);
        expect(vendor.registrations).to.equal(registrations);
      });
    }

    it('the plugin that starts anew, or the kubelet, finds its own way back', async () => {
      for (const restart of [
        () => stage.node.restartKubelet(),
        async () => {
          await vendor.stop();
          await vendor.start();
        },
      ]) {
        await stage.hold(delayed(), async () => {
          const name = await stage.running();
          await restart();
          await stage.givenBack();
          await stage.works(GPUS);
          await stage.remove(name);
        });
      }
    });

    for (const also of [[], ['proxy'], ['keeper', 'proxy']] as ('keeper' | 'proxy')[][]) {
      it(`the vendor’s plugin serves again after a SIGKILL of ${['the harness', ...also].join(', ')}`, async () => {
        const running = await stage.running();
        const harness = await holdElsewhere(stage.cluster, stage.node);
        // Whoever could give back at once is stopped first, so that none of them does.
        const pids = also.map((who) => stage.pidOf(who));
        for (const pid of pids) process.kill(pid, 'SIGSTOP');
        // A keeper that is left gives back by itself, and the dead-man may come when that is done.
        const late = also.includes('proxy') && !also.includes('keeper') ? [deadManOf(harness)] : [];
        for (const pid of late) process.kill(pid, 'SIGSTOP');
        harness.kill('SIGKILL');
        for (const pid of pids) process.kill(pid, 'SIGKILL');
        const from = systemClock.mono();
        try {
          await stage.givenBack();
        } finally {
          for (const pid of late) process.kill(pid, 'SIGCONT');
        }
        process.stdout.write(`        given back in ${Math.round(systemClock.mono() - from)} ms\n`);
        await stage.works(GPUS);
        expect(await stage.phaseOf(running)).to.equal('Running');
        await waitFor(() => stage.filesOfProxies().length === 0, {
          what: 'nothing left on the node',
          deadlineMs: 10_000,
        });
        const healed = await healJournal(ground.journalFolder);
        expect(healed).to.deep.equal([`fault gpu/plugin-delay of run ${KILLED_RUN}`]);
        stage.expectClean();
        await stage.remove(running);
      });
    }
  });
});
