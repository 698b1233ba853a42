import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { V1Node } from '@kubernetes/client-node';
import { expect } from 'chai';
import { pino } from 'pino';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { thisProcess } from '../../harness/exec/born-at.ts';
import { run, tryRun } from '../../harness/exec/exec.ts';
import { machineProcesses } from '../../harness/exec/processes.ts';
import { watchResource } from '../../harness/kube/watch.ts';
import { Plan } from '../../harness/plan/schema.ts';
import type { StepContext } from '../../harness/run/ports.ts';
import { UndoStack } from '../../harness/run/undo.ts';
import { gpuNodeFiles } from '../gpu-node/layout.ts';
import { GpuNodeSettings } from '../gpu-node/settings.ts';
import { PodResourcesReader } from '../kubelet-api/pod-resources.ts';
import { writeOwner } from '../owner.ts';
import type { Cluster } from '../port.ts';
import { embeddedProvider } from './provider.ts';

const SCRIPT =
  'while ! nvidia-smi >/dev/null; do sleep 0.1; done; nvidia-smi -L; echo "index $JOB_COMPLETION_INDEX"; sleep 3';

function contextIn(folder: string, undo: UndoStack, cluster: object): StepContext {
  return {
    plan: Plan.parse({ cluster: { provider: 'embedded', ...cluster } }),
    runId: `test-${process.pid}`,
    outDir: join(folder, 'out'),
    workDir: folder,
    clock: systemClock,
    signal: AbortSignal.timeout(120_000),
    undo,
    log: pino({ level: 'silent' }),
    progress: () => undefined,
  };
}

/** Whether a process is there; one that was killed is until its parent has asked for its end. */
function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The process of the cluster with these settings. A child that it forks has its command line until it runs its own program. */
function processOf(settings: string): number {
  const found = machineProcesses().filter(({ argv }) => argv.includes(settings));
  const [keeper] = found.filter(({ parent }) => !found.some(({ pid }) => pid === parent));
  return keeper?.pid as number;
}

describe('the embedded provider', function () {
  this.timeout(120_000);
  let folder: string;
  let cluster: Cluster;
  const undo = new UndoStack();

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'oe-'));
    cluster = await embeddedProvider.up(contextIn(folder, undo, { workers: 2, startLatency: 200 }));
    for (const { stateDir } of cluster.nodes) {
      if (!stateDir) continue;
      const files = gpuNodeFiles(stateDir);
      await mkdir(files.root, { recursive: true });
      writeFileSync(files.settings, JSON.stringify(GpuNodeSettings.parse({ workers: 12, wait: 'prestart' })));
    }
    await cluster.startGpuNodes();
  });

  after(async () => {
    const failed = await undo.unwind();
    rmSync(folder, { recursive: true, force: true });
    expect(failed).to.deep.equal([]);
  });

  const gpus = async () =>
    (await cluster.kube.core.listNode()).items.map(
      ({ status }) => status?.allocatable?.['nvidia.com/gpu'] ?? 'none',
    );

  const gpusAre = async (wanted: string[]) =>
    await waitFor(async () => JSON.stringify(await gpus()) === JSON.stringify(wanted), {
      what: `GPUs ${wanted}`,
      deadlineMs: 15_000,
    });

  it('has a tainted control plane and workers with 8 GPUs each', async () => {
    expect(cluster.nodeNames).to.deep.equal(['control-plane', 'worker-1', 'worker-2']);
    await gpusAre(['none', '8', '8']);
    const [controlPlane] = (await cluster.kube.core.listNode()).items;
    expect(controlPlane?.spec?.taints?.[0]?.effect).to.equal('NoSchedule');
  });

  it('runs an Indexed Job of 8 pods with a GPU each, of which PodResources knows', async () => {
    await cluster.kube.batch.createNamespacedJob({
      namespace: 'default',
      body: {
        metadata: { name: 'ddp' },
        spec: {
          completions: 8,
          parallelism: 8,
          completionMode: 'Indexed',
          template: {
            spec: {
              restartPolicy: 'Never',
              containers: [
                {
                  name: 'main',
                  image: cluster.workloadImage,
                  command: ['sh', '-c', SCRIPT],
                  resources: { limits: { 'nvidia.com/gpu': '1', cpu: '16', memory: '64Gi' } },
                },
              ],
            },
          },
        },
      },
    });
    const readers = cluster.nodes.flatMap(({ kubeletDirs }) =>
      kubeletDirs ? [new PodResourcesReader(join(kubeletDirs.podResources, 'kubelet.sock'))] : [],
    );
    const held = await waitFor(
      async () => {
        const pods = (await Promise.all(readers.map((reader) => reader.list()))).flat();
        const devices = pods.flatMap(({ containers }) =>
          containers.flatMap((container) => container.devices),
        );
        const ids = devices.flatMap(({ device_ids }) => device_ids);
        return ids.length === 8 && ids;
      },
      { what: '8 devices in PodResources', deadlineMs: 10_000, intervalMs: 50 },
    );
    for (const reader of readers) reader.close();
    expect(new Set(held).size).to.equal(8);
    const job = await waitFor(
      async () => {
        const found = await cluster.kube.batch.readNamespacedJob({ namespace: 'default', name: 'ddp' });
        return found.status?.completionTime ? found : undefined;
      },
      { what: 'the end of the Job', deadlineMs: 20_000 },
    );
    expect(job.status).to.include({ succeeded: 8, completedIndexes: '0-7' });
    const { items } = await cluster.kube.core.listNamespacedPod({ namespace: 'default' });
    const logs = await Promise.all(
      items.map(({ metadata }) =>
        cluster.kube.core.readNamespacedPodLog({ namespace: 'default', name: metadata?.name ?? '' }),
      ),
    );
    const uuids = logs.map((log) => /UUID: (\S+?)\)/.exec(log)?.[1]);
    expect(new Set(uuids)).to.deep.equal(new Set(held));
  });

  it('restarts a kubelet: the plugin registers again, everything is allocatable', async () => {
    // Its plugin may be back before anybody asks: what was told meanwhile is what counts.
    const told: string[] = [];
    const watch = watchResource({
      ...{
        kube: cluster.kube,
        path: '/api/v1/nodes',
        clock: systemClock,
        signal: AbortSignal.timeout(60_000),
      },
      onEvent(_, { metadata, status }: V1Node) {
        const count = status?.allocatable?.['nvidia.com/gpu'] ?? 'none';
        if (metadata?.name === 'worker-1' && told.at(-1) !== count) told.push(count);
      },
    });
    await watch.synced;
    await cluster.nodes[1]?.restartKubelet();
    await waitFor(() => told.length === 3, {
      what: 'its GPUs’ return',
      deadlineMs: 15_000,
      seen: () => `${told}`,
    });
    await watch.stop();
    expect(told).to.deep.equal(['8', '0', '8']);
    await gpusAre(['none', '8', '8']);
    const { ledger } = gpuNodeFiles(cluster.nodes[1]?.stateDir as string);
    const registrations = () => readFileSync(ledger, 'utf8').match(/"plugin.registered"/g)?.length ?? 0;
    // The kubelet knows of a registration before the plugin has heard so and written it down.
    await waitFor(() => registrations() > 1, { what: 'a second registration', deadlineMs: 10_000 });
    expect(registrations()).to.equal(2);
  });

  it('runs a command as on a node', async () => {
    const node = cluster.nodes[2];
    const answer = await node?.exec(['sh', '-c', 'echo $ORDEAL_NODE; exit 3']);
    expect(answer).to.include({ exitCode: 3, stdout: 'worker-2' });
  });

  it('exports logs: objects, ledgers and what the pods said', async () => {
    const dir = join(folder, 'logs');
    await cluster.exportLogs(dir);
    expect(readdirSync(dir)).to.include.members(['nodes.json', 'pods.json', 'jobs.json', 'events.json']);
    expect(readdirSync(join(dir, 'pods')).filter((name) => name.startsWith('default_ddp-'))).to.have.length(
      8,
    );
    expect(existsSync(join(dir, 'nodes', 'worker-1', 'gpu', 'ledger.jsonl'))).to.equal(true);
  });

  it('takes its GPUs away with the GPU nodes', async () => {
    await cluster.stopGpuNodes();
    await gpusAre(['none', '0', '0']);
  });

  it('leaves no container process when it goes down', async () => {
    await cluster.kube.core.createNamespacedPod({
      namespace: 'default',
      body: {
        metadata: { name: 'lasting' },
        spec: {
          containers: [{ name: 'main', image: 'x', command: ['sh', '-c', 'sleep 612 & echo $$ $!; wait'] }],
        },
      },
    });
    const pids = await waitFor(
      async () => {
        const log = await cluster.kube.core
          .readNamespacedPodLog({ namespace: 'default', name: 'lasting' })
          .catch(() => '');
        return log.includes('\n') && log.trim().split(' ').map(Number);
      },
      { what: 'the container’s word', deadlineMs: 10_000 },
    );
    await cluster.down();
    await waitFor(() => !pids.some(isThere), { what: 'the end of the container', deadlineMs: 10_000 });
  });
});

describe('an embedded cluster that ends by itself', () => {
  it('is told of with its last words where it was to be ended, and leaves no folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'oe-'));
    const settings = join(folder, 'e', 'cluster.json');
    const undo = new UndoStack();
    try {
      await embeddedProvider.up(contextIn(folder, undo, { workers: 1 }));
      const pid = processOf(settings);
      process.kill(pid, 'SIGKILL');
      // Its parent knows of its end once there is nothing of it: that one by one its threads end is no end.
      await waitFor(() => !isThere(pid), { what: 'its end', deadlineMs: 10_000 });
      const failed = await undo.unwind();
      expect(failed).to.have.length(1);
      expect(failed[0]?.error).to.match(/it was ended by SIGKILL/);
      expect(existsSync(join(folder, 'e'))).to.equal(false);
    } finally {
      await undo.unwind();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('an embedded cluster that outlives its command', function () {
  this.timeout(60_000);
  let folder: string;
  const state = process.env.XDG_STATE_HOME;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'od-'));
    process.env.XDG_STATE_HOME = folder;
  });

  after(async () => {
    await embeddedProvider.down('kept');
    if (state === undefined) delete process.env.XDG_STATE_HOME;
    else process.env.XDG_STATE_HOME = state;
    rmSync(folder, { recursive: true, force: true });
  });

  it('answers by its kubeconfig, is not cleaned away while it lives, and goes once', async () => {
    const context = contextIn(folder, new UndoStack(), { workers: 1, name: 'kept' });
    const { kubeconfig, name } = await embeddedProvider.upDetached(context);
    const url: string = JSON.parse(readFileSync(kubeconfig, 'utf8')).clusters[0].cluster.server;
    expect((await fetch(`${url}/api/v1/nodes`)).status).to.equal(200);
    const again = await embeddedProvider.upDetached(context).catch((error: { code: string }) => error.code);
    expect(again).to.equal('EMBEDDED_CLUSTER_EXISTS');
    expect(await embeddedProvider.clean()).to.not.include('embedded cluster kept');
    expect(await embeddedProvider.down(name)).to.equal(true);
    expect(await embeddedProvider.down(name)).to.equal(false);
  });

  it('is not cleaned away while it is too busy to answer', async () => {
    await embeddedProvider.upDetached(contextIn(folder, new UndoStack(), { workers: 1, name: 'kept' }));
    const cluster = join(folder, 'ordeal', 'e', 'kept');
    const keeper = processOf(join(cluster, 'cluster.json'));
    process.kill(keeper, 'SIGSTOP');
    try {
      expect(await embeddedProvider.clean()).to.not.include('embedded cluster kept');
      expect(existsSync(join(cluster, 'kubeconfig'))).to.equal(true);
    } finally {
      process.kill(keeper, 'SIGCONT');
    }
    expect(await embeddedProvider.down('kept')).to.equal(true);
  });

  it('is not cleaned away while it starts, and is once who starts it is gone', async () => {
    const starting = join(folder, 'ordeal', 'e', 'starting');
    await mkdir(starting, { recursive: true });
    await writeOwner(starting, thisProcess());
    await embeddedProvider.clean();
    expect(existsSync(starting)).to.equal(true);
    await writeOwner(starting, { pid: process.pid, born: '1' });
    expect(await embeddedProvider.clean()).to.include('embedded cluster starting');
    expect(existsSync(starting)).to.equal(false);
  });

  it('sweeps nothing of a harness in a container, whose keeper has another PID here', async function () {
    const jail = ['--user', '--map-root-user', '--pid', '--fork', '--kill-child'];
    if ((await tryRun(['unshare', ...jail, 'true']).catch(() => undefined))?.exitCode !== 0) this.skip();
    const mark = ['env', `ORDEAL_RUN=test-${process.pid}`, 'ORDEAL_KEEPER=1.1'];
    const jailed = spawn('unshare', [...jail, ...mark, 'sleep', '615'], { stdio: 'ignore' });
    try {
      const inside = () =>
        machineProcesses().find(({ argv, parent }) => parent === jailed.pid && argv[0] === 'sleep');
      const { pid } = await waitFor(inside, { what: 'the process in the container', deadlineMs: 10_000 });
      expect(await embeddedProvider.clean()).to.not.include(`process ${pid} of run test-${process.pid}`);
      expect(isThere(pid)).to.equal(true);
    } finally {
      jailed.kill('SIGKILL');
    }
  });

  it('takes its containers along when it is killed; what left their groups is swept', async () => {
    const context = contextIn(folder, new UndoStack(), { workers: 1, name: 'kept', startLatency: 0 });
    const { kubeconfig } = await embeddedProvider.upDetached(context);
    const url: string = JSON.parse(readFileSync(kubeconfig, 'utf8')).clusters[0].cluster.server;
    const command = ['sh', '-c', 'setsid sleep 613 & sleep 614 & echo on; wait'];
    const pod = {
      metadata: { name: 'orphan' },
      spec: { containers: [{ name: 'main', image: 'x', command }] },
    };
    await fetch(`${url}/api/v1/namespaces/default/pods`, { method: 'POST', body: JSON.stringify(pod) });
    const log = async () =>
      (await (await fetch(`${url}/api/v1/namespaces/default/pods/orphan/log`)).text()).startsWith('on');
    await waitFor(log, { what: 'the container’s word', deadlineMs: 10_000 });
    const settings = join(folder, 'ordeal', 'e', 'kept', 'cluster.json');
    const keeper = processOf(settings);
    const sleeping = async (seconds: number) =>
      (await run(['pgrep', '-f', `^sleep ${seconds}`], { okCodes: [0, 1] })).stdout !== '';
    const both = async () => (await sleeping(613)) && (await sleeping(614));
    await waitFor(both, { what: 'both sleeps', deadlineMs: 5_000 });
    process.kill(keeper, 'SIGKILL');
    await waitFor(() => !isThere(keeper), { what: 'its end', deadlineMs: 10_000 });
    await waitFor(async () => !(await sleeping(614)), { what: 'the container’s end', deadlineMs: 5_000 });
    // A sweep beside this one may have found the other sleep before: nobody but its keeper was of this test's state folder.
    expect(await embeddedProvider.clean()).to.include('embedded cluster kept');
    await waitFor(async () => !(await sleeping(613)), { what: 'the end of the other', deadlineMs: 5_000 });
    expect(existsSync(join(folder, 'ordeal', 'e', 'kept'))).to.equal(false);
  });
});
