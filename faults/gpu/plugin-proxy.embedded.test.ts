import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { pino } from 'pino';
import { embeddedProvider } from '../../clusters/embedded/provider.ts';
import { registerPlugin, serveDevicePlugin } from '../../clusters/kubelet-api/device-plugin.ts';
import { HEALTHY } from '../../clusters/kubelet-api/messages.ts';
import type { Listening } from '../../clusters/kubelet-api/transport.ts';
import { readFront } from '../../clusters/plugin-proxy/front.ts';
import type { Cluster, ClusterNode } from '../../clusters/port.ts';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import type { History } from '../../harness/history/event.ts';
import { memoryRecorder } from '../../harness/history/writer.ts';
import { connect } from '../../harness/kube/client.ts';
import { Plan } from '../../harness/plan/schema.ts';
import { UndoStack } from '../../harness/run/undo.ts';
import { healJournal } from '../journal.ts';
import { Ground } from '../network/testing/ground.ts';
import type { Fault } from '../port.ts';
import { FaultKeeper } from '../wrapper.ts';
import { allocatableOn } from './allocatable.ts';
import { PluginDelayWith, pluginDelay } from './plugin-delay.ts';
import { PluginDuplicateWith, pluginDuplicate } from './plugin-duplicate.ts';
import { PluginErrorWith, pluginError } from './plugin-error.ts';
import { PluginHangWith, pluginHang } from './plugin-hang.ts';
import { PluginStreamLostWith, pluginStreamLost } from './plugin-stream-lost.ts';
import { podsOn } from './pod-signs.ts';
import { Vendor } from './testing/vendor.ts';

const RESOURCE = 'nvidia.com/gpu';
const FOREIGN = 'example.com/other';
const GPUS = 4;
const namespace = 'default';

/** What a harness that is to be killed does. */
async function holdFault({ kubeconfig, node }: { kubeconfig: string; node: ClusterNode }): Promise<void> {
  const keeper = new FaultKeeper({
    cluster: { kube: await connect(kubeconfig) } as Cluster,
    ...{ clock: systemClock, recorder: memoryRecorder(systemClock), runId: 'killed' },
    ...{ signal: new AbortController().signal, leaseMs: 4_000 },
    deadlineWall: systemClock.wall() + 300_000,
  });
  const fault = pluginDelay('k', PluginDelayWith.parse({}), { node, namespace });
  await keeper.hold(fault, async () => {
    process.stdout.write('held\n');
    await systemClock.sleep(300_000);
  });
}

if (import.meta.filename === process.argv[1]) await holdFault(JSON.parse(process.argv[2] as string));
else
  describe('faults of the calls to a vendor’s plugin', function () {
    this.timeout(180_000);
    let folder: string;
    let cluster: Cluster;
    let node: ClusterNode;
    let vendor: Vendor;
    let ground: Ground;
    let foreign: Listening;
    /** ListAndWatch streams of the other resource’s plugin that are open. */
    const foreignStreams = new Set<object>();
    let kubeletStream: object;
    const undo = new UndoStack();
    let made = 0;

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'px-'));
      ground = new Ground();
      cluster = await embeddedProvider.up({
        plan: Plan.parse({ cluster: { provider: 'embedded', workers: 1, startLatency: 50 } }),
        runId: `proxy-${process.pid}`,
        outDir: join(folder, 'out'),
        workDir: folder,
        clock: systemClock,
        signal: AbortSignal.timeout(600_000),
        undo,
        log: pino({ level: 'silent' }),
        progress: () => undefined,
      });
      node = cluster.nodes.find(({ role }) => role === 'worker') as ClusterNode;
      vendor = new Vendor(node);
      await vendor.start();
      await allocatable(GPUS);
      await serveForeign();
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
      const folderOf = node.kubeletDirs?.devicePlugins as string;
      foreign = await serveDevicePlugin(join(folderOf, 'other.sock'), {
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
      await registerPlugin(join(folderOf, 'kubelet.sock'), request);
      await allocatable(1, FOREIGN);
      [kubeletStream] = [...foreignStreams] as [object];
    };

    const allocatable = (wanted: number, resource = RESOURCE) =>
      waitFor(async () => (await allocatableOn(cluster.kube, node.name, resource)) === wanted, {
        what: `${wanted} ${resource} allocatable`,
        deadlineMs: 20_000,
      });
    const startPod = async (script = 'sleep 300') => {
      made += 1;
      const name = `p${made}`;
      await cluster.kube.core.createNamespacedPod({
        namespace,
        body: {
          metadata: { name },
          spec: {
            restartPolicy: 'Never',
            containers: [
              {
                name: 'main',
                image: cluster.workloadImage,
                command: ['sh', '-c', script],
                resources: { limits: { [RESOURCE]: '1' } },
              },
            ],
          },
        },
      });
      return name;
    };
    const phaseOf = async (name: string) =>
      (await cluster.kube.core.readNamespacedPod({ namespace, name })).status?.phase;
    const inPhase = (name: string, phase: string) =>
      waitFor(async () => (await phaseOf(name)) === phase, { what: `${name} ${phase}`, deadlineMs: 20_000 });
    const remove = async (...names: string[]) => {
      for (const name of names) {
        await cluster.kube.core.deleteNamespacedPod({ namespace, name, gracePeriodSeconds: 0 });
      }
      const there = async () =>
        (await podsOn(cluster.kube, node.name, RESOURCE)).filter(({ name }) => names.includes(name));
      await waitFor(async () => (await there()).length === 0, {
        what: 'the end of the pods',
        deadlineMs: 20_000,
      });
    };
    const hold = (fault: Fault, work: () => Promise<void>) =>
      ground.hold(fault, work, { cluster }, { goneDeadlineMs: 60_000, biteDeadlineMs: 20_000 });
    const bodyOf = (history: History, type: string) =>
      history.find((event) => event.type === type)?.body as Record<string, unknown>;
    /** Injected, bitten, healed, and nothing left on the node or in the journal. */
    const whole = (history: History) => {
      expect(bodyOf(history, 'fault.refused')).to.equal(undefined);
      expect(bodyOf(history, 'fault.bit')).to.include({ bit: true });
      expect(bodyOf(history, 'fault.healed'), JSON.stringify(history.slice(-8), null, 1)).to.include({
        healed: true,
      });
      clean();
    };
    const clean = () => {
      expect(ground.journalled()).to.deep.equal([]);
      const sockets = readdirSync(node.kubeletDirs?.devicePlugins as string);
      expect(sockets.filter((name) => name.startsWith('ordeal-px'))).to.deep.equal([]);
      expect(readdirSync(join(node.stateDir as string, 'plugin-proxy'))).to.deep.equal([]);
    };

    it('a delay of Allocate holds a start, and a pod that ran before goes on', async () => {
      const before = await startPod();
      await inPhase(before, 'Running');
      const registrations = vendor.registrations;
      const fault = pluginDelay('d', PluginDelayWith.parse({ delay: '2s' }), { node, namespace });
      let name = '';
      const history = await hold(fault, async () => {
        name = await startPod();
        await inPhase(name, 'Running');
      });
      whole(history);
      expect(bodyOf(history, 'fault.bit').evidence).to.match(
        /Allocate was held for 2\d{3} ms; only then did p2 start/,
      );
      expect(await phaseOf(before)).to.equal('Running');
      expect(bodyOf(history, 'fault.healed').evidence).to.match(
        /4 of 4 nvidia.com\/gpu allocatable on worker-1 for 3000 ms; 2 pods kept what they held; a fresh pod got a device/,
      );
      expect(vendor.registrations).to.equal(registrations);
      expect(existsSync(join(node.kubeletDirs?.devicePlugins as string, 'ordeal-gpu.sock'))).to.equal(true);
      await remove(before, name);
    });

    it('an error of Allocate is the pod’s own', async () => {
      const fault = pluginError('e', PluginErrorWith.parse({}), { node, namespace });
      const asked = vendor.allocates;
      let name = '';
      const history = await hold(fault, async () => {
        name = await startPod();
        await inPhase(name, 'Failed');
        expect(vendor.allocates).to.equal(asked);
      });
      whole(history);
      await remove(name);
    });

    it('a call that hangs keeps a pod from starting, and is answered when it is healed', async () => {
      const fault = pluginHang('h', PluginHangWith.parse({}), { node, namespace });
      let name = '';
      const history = await hold(fault, async () => {
        name = await startPod();
      });
      whole(history);
      await inPhase(name, 'Running');
      await remove(name);
    });

    it('a duplicate gives a second container the first one’s answer', async () => {
      const fault = pluginDuplicate('u', PluginDuplicateWith.parse({}), { node, namespace });
      const names: string[] = [];
      const history = await hold(fault, async () => {
        for (let pod = 0; pod < 2; pod += 1) {
          const name = await startPod();
          names.push(name);
          await inPhase(name, 'Running');
        }
      });
      whole(history);
      await remove(...names);
    });

    it('a lost stream takes the resource away until it is healed', async () => {
      const fault = pluginStreamLost('s', PluginStreamLostWith.parse({ after: 200 }), { node, namespace });
      const history = await hold(fault, async () => {
        await allocatable(0);
      });
      whole(history);
    });

    describe('when something is killed under them', () => {
      const stand = () => ({ stateDir: node.stateDir as string, resource: RESOURCE });
      const kill = (who: 'keeper' | 'proxy') =>
        process.kill(Number.parseInt(readFront(stand())?.[who] ?? '', 10), 'SIGKILL');
      const givenBack = () =>
        waitFor(() => readFront(stand()) === undefined, {
          what: 'the resource’s return',
          deadlineMs: 20_000,
        });
      const delayed = () => pluginDelay('k', PluginDelayWith.parse({ delay: '2s' }), { node, namespace });
      /** Allocatable, and a pod gets one. */
      const works = async () => {
        await allocatable(GPUS);
        const name = await startPod('true');
        await inPhase(name, 'Succeeded');
        await remove(name);
      };

      for (const who of ['proxy', 'keeper'] as const) {
        it(`the vendor’s plugin serves again after a SIGKILL of the ${who}, with the run alive`, async () => {
          const registrations = vendor.registrations;
          const running = await startPod();
          await inPhase(running, 'Running');
          const history = await hold(delayed(), async () => {
            const name = await startPod();
            await inPhase(name, 'Running');
            kill(who);
            await givenBack();
            await allocatable(GPUS);
            expect(await phaseOf(running)).to.equal('Running');
            await remove(name, running);
            await works();
          });
          whole(history);
          expect(vendor.registrations).to.equal(registrations);
        });
      }

      it('the plugin that starts anew, or the kubelet, finds its own way back', async () => {
        for (const restart of [
          () => node.restartKubelet(),
          async () => {
            await vendor.stop();
            await vendor.start();
          },
        ]) {
          const history = await hold(delayed(), async () => {
            const name = await startPod();
            await inPhase(name, 'Running');
            await restart();
            await givenBack();
            await works();
            await remove(name);
          });
          whole(history);
        }
      });

      for (const also of [[], ['proxy'], ['keeper', 'proxy']] as ('keeper' | 'proxy')[][]) {
        const whom = ['harness', ...also].join(', ');
        it(`the vendor’s plugin serves again after a SIGKILL of ${whom}`, async () => {
          const running = await startPod();
          await inPhase(running, 'Running');
          const child = await holdElsewhere();
          // Whoever could give back at once is stopped first, so that none of them does.
          const pids = also.map((who) => Number.parseInt(readFront(stand())?.[who] ?? '', 10));
          for (const pid of pids) process.kill(pid, 'SIGSTOP');
          child.kill('SIGKILL');
          for (const pid of pids) process.kill(pid, 'SIGKILL');
          const from = systemClock.mono();
          await givenBack();
          process.stdout.write(`        given back in ${Math.round(systemClock.mono() - from)} ms\n`);
          await works();
          expect(await phaseOf(running)).to.equal('Running');
          await waitFor(() => readdirSync(join(node.stateDir as string, 'plugin-proxy')).length === 0, {
            what: 'nothing left on the node',
            deadlineMs: 10_000,
          });
          expect(await healJournal(ground.journalFolder)).to.deep.equal([
            'fault gpu/plugin-delay of run killed',
          ]);
          clean();
          await remove(running);
        });
      }

      /** In a process of its own: a fault that is held until that process is killed. */
      const holdElsewhere = async () => {
        const { kubeletDirs, name, stateDir } = node;
        const held = { kubeconfig: cluster.kubeconfig, node: { kubeletDirs, name, stateDir } };
        const argv = ['--import', 'tsx', import.meta.filename, JSON.stringify(held)];
        const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
        const lines: string[] = [];
        createInterface(child.stdout).on('line', (line) => lines.push(line));
        await waitFor(() => lines.includes('held') || child.exitCode !== null, {
          what: 'the fault held',
          deadlineMs: 60_000,
        });
        expect(child.exitCode).to.equal(null);
        return child;
      };
    });

    it('none of them has touched the registration of another resource', async () => {
      expect([...foreignStreams]).to.deep.equal([kubeletStream]);
      await allocatable(1, FOREIGN);
    });
  });
