import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { pino } from 'pino';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { run } from '../../harness/exec/exec.ts';
import { podLog } from '../../harness/kube/pod-log.ts';
import { Plan } from '../../harness/plan/schema.ts';
import { UndoStack } from '../../harness/run/undo.ts';
import { gpuNodeFiles } from '../gpu-node/layout.ts';
import { GpuNodeSettings } from '../gpu-node/settings.ts';
import type { Cluster, ClusterNode } from '../port.ts';
import { kindProvider } from './provider.ts';
import { answerToApi, heardFrom, startAnswering } from './testing/pod-network.ts';

const MINUTE = 60_000;
const GPUS = 8;
const NAME = 'ordeal-provider-test';

async function ours(kind: 'container' | 'network'): Promise<string[]> {
  const format = kind === 'container' ? '{{.Names}}' : '{{.Name}}';
  const all = kind === 'container' ? ['--all'] : [];
  const listed = await run(['docker', kind, 'ls', ...all, '--format', format]);
  return listed.stdout.split('\n').filter((name) => name.startsWith(NAME));
}

describe('kind provider on a real kind', function () {
  this.timeout(5 * MINUTE);

  const undo = new UndoStack();
  let workDir: string;
  let cluster: Cluster;
  let workers: ClusterNode[];
  /** The address of a pod on the second worker that answers. */
  let answering: string;

  before(async () => {
    workDir = await mkdtemp(join(tmpdir(), 'ordeal-'));
    cluster = await kindProvider.up({
      plan: Plan.parse({ cluster: { provider: 'kind', name: NAME, workers: 2 } }),
      runId: 'provider-test',
      outDir: join(workDir, 'out'),
      workDir,
      clock: systemClock,
      signal: new AbortController().signal,
      undo,
      log: pino({ level: 'silent' }),
      progress: () => {},
    });
    workers = cluster.nodes.filter(({ role }) => role === 'worker');
  });

  after(async () => {
    const failed = await undo.unwind(MINUTE);
    await rm(workDir, { recursive: true, force: true });
    expect(failed).to.deep.equal([]);
    expect(await ours('container')).to.deep.equal([]);
    expect(await ours('network')).to.deep.equal([]);
  });

  const allocatable = async () => {
    const { items } = await cluster.kube.core.listNode();
    return Object.fromEntries(
      items.map(({ metadata, status }) => [
        metadata?.name,
        Number(status?.allocatable?.['nvidia.com/gpu'] ?? 0),
      ]),
    );
  };
  const allGpus = (when: string) =>
    waitFor(async () => Object.values(await allocatable()).filter((count) => count === GPUS).length === 2, {
      what: `${GPUS} allocatable GPUs on each worker ${when}`,
      deadlineMs: MINUTE,
    });

  it('has every node Ready, and says what it is', async () => {
    expect(cluster.nodeNames).to.deep.equal([`${NAME}-control-plane`, `${NAME}-worker`, `${NAME}-worker2`]);
    expect(cluster.evidence).to.equal('real-kubernetes');
    expect(cluster.versions).to.include({ kubernetes: 'v1.34.4' });
    expect(cluster.versions.containerRuntime).to.match(/^containerd:/);
  });

  it('runs a command in a node, with its input', async () => {
    const [worker] = workers;
    expect(await worker?.exec(['cat'], { input: 'over' })).to.include({ exitCode: 0, stdout: 'over' });
    expect((await worker?.exec(['cat', '/etc/hostname']))?.stdout).to.equal(`${NAME}-worker`);
    expect((await worker?.exec(['false']))?.exitCode).to.equal(1);
  });

  it('gives each worker’s pods a subnet of their own', async () => {
    const subnets = await Promise.all(
      workers.map(async ({ exec }) =>
        JSON.parse((await exec(['cat', '/etc/cni/net.d/10-bridge.conflist'])).stdout),
      ),
    );
    const ranges = subnets.map(({ plugins }) => plugins[0].ipam.ranges[0][0].subnet);
    const { items } = await cluster.kube.core.listNode();
    const allocated = items.map(({ spec }) => spec?.podCIDR);
    expect(new Set(ranges).size).to.equal(2);
    expect(allocated).to.include.members(ranges);
  });

  const addressOf = async (node: ClusterNode | undefined) => {
    const { status } = await cluster.kube.core.readNode({ name: node?.name ?? '' });
    return status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
  };
  /** What a new pod of the first worker is heard by. */
  const expectHeard = async (name: string) => {
    const [worker] = workers;
    const { byMachine, byPod, own } = await heardFrom(cluster, name, worker?.name ?? '', answering);
    expect(own).to.match(/^10\.244\./);
    expect(byPod).to.equal(own);
    expect(byMachine).to.equal(await addressOf(worker));
  };

  it('has pods heard on another node by their own address, and on this machine by their node’s', async () => {
    answering = await startAnswering(cluster, 'answers', workers[1]?.name ?? '');
    await expectHeard('asks');
  });

  it('has the API server reach a worker’s pods', async () => {
    const controlPlane = cluster.nodes.find(({ role }) => role === 'control-plane');
    expect(await answerToApi(cluster, 'answers')).to.equal(await addressOf(controlPlane));
  });

  it('starts fake GPU nodes on the workers alone', async () => {
    const settings = GpuNodeSettings.parse({ gpus: GPUS, workers: 12, wait: 'prestart', timeoutMs: 5_000 });
    for (const { stateDir } of workers) {
      await writeFile(gpuNodeFiles(stateDir ?? '').settings, JSON.stringify(settings));
    }
    await cluster.startGpuNodes();
    await allGpus('after the start');
    expect((await allocatable())[`${NAME}-control-plane`]).to.equal(0);
  });

  it('completes a GPU Job whose containers see the device they were given', async () => {
    const namespace = 'default';
    await cluster.kube.batch.createNamespacedJob({
      namespace,
      body: {
        metadata: { name: 'smi' },
        spec: {
          completions: GPUS,
          parallelism: GPUS,
          backoffLimit: 0,
          template: {
            spec: {
              restartPolicy: 'Never',
              containers: [
                {
                  name: 'main',
                  image: cluster.workloadImage,
                  command: ['sh', '-c', 'nvidia-smi -L'],
                  resources: { limits: { 'nvidia.com/gpu': '1' } },
                },
              ],
            },
          },
        },
      },
    });
    await waitFor(
      async () => {
        const { status } = await cluster.kube.batch.readNamespacedJob({ namespace, name: 'smi' });
        expect(status?.failed ?? 0).to.equal(0);
        return status?.succeeded === GPUS;
      },
      { what: `${GPUS} pods done`, deadlineMs: MINUTE, intervalMs: 300 },
    );
    const pods = await cluster.kube.core.listNamespacedPod({ namespace, labelSelector: 'job-name=smi' });
    for (const { metadata, spec } of pods.items) {
      const lines = await podLog(cluster.kube, namespace, metadata?.name ?? '', 'main');
      expect(lines.map(({ line }) => line).join('\n')).to.contain(`UUID: GPU-${spec?.nodeName}-`);
    }
  });

  const registrations = async (worker: ClusterNode | undefined) =>
    (await readFile(gpuNodeFiles(worker?.stateDir ?? '').ledger, 'utf8')).split('"plugin.registered"')
      .length - 1;
  const registeredAgain = (worker: ClusterNode | undefined, before: number) =>
    waitFor(async () => (await registrations(worker)) > before, {
      what: 'the plugin to register again',
      deadlineMs: MINUTE,
    });

  it('has the GPUs back after a kubelet’s restart', async () => {
    const [worker] = workers;
    const started = async () =>
      (await worker?.exec(['systemctl', 'show', 'kubelet', '--property=ExecMainStartTimestampMonotonic']))
        ?.stdout;
    const before = await started();
    const registered = await registrations(worker);
    await worker?.restartKubelet();
    expect(await started()).not.to.equal(before);
    await registeredAgain(worker, registered);
    await allGpus('after the restart');
  });

  it('has a node’s pods, its GPUs and its part of the pod network back after it was switched off and on', async () => {
    const [worker, other] = workers;
    const { down = '', look = [], on = [] } = worker?.power?.orders ?? {};
    const of = async () => (await cluster.kube.core.readNode({ name: worker?.name ?? '' })).status;
    const boot = (await of())?.nodeInfo?.machineID;
    const registered = await registrations(worker);
    expect((await run(look)).stdout).not.to.contain(down);
    await worker?.power?.off();
    await worker?.power?.off();
    expect((await run(look)).stdout).to.contain(down);
    expect((await worker?.exec(['true']))?.exitCode).not.to.equal(0);
    expect((await other?.exec(['true']))?.exitCode).to.equal(0);
    // As whoever finds it off would, without this process; on a node that is on it does nothing.
    await run(on);
    await worker?.power?.on();
    expect((await run(look)).stdout).not.to.contain(down);
    // The plugin is a pod of the node's: it has to have been started again.
    await registeredAgain(worker, registered);
    // What the API server has of before the boot says as many.
    await waitFor(async () => (await of())?.nodeInfo?.machineID !== boot, {
      what: 'the node’s status of after the boot',
      deadlineMs: MINUTE,
    });
    await allGpus('after the boot');
    const ready = async () =>
      (await of())?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
    await waitFor(ready, { what: 'the node to be Ready', deadlineMs: MINUTE });
    await expectHeard('asks-again');
  });

  it('leaves alone what somebody with another state folder has only begun', async () => {
    const begun = `${NAME}-begun`;
    await run(['docker', 'network', 'create', begun]);
    try {
      expect(await kindProvider.clean()).to.not.include(`kind cluster ${begun}`);
      expect(await ours('network')).to.include(begun);
    } finally {
      await run(['docker', 'network', 'rm', begun]);
    }
  });

  it('has no power over the control plane’s node', () => {
    expect(cluster.nodes.map(({ power, role }) => [role, power !== undefined])).to.deep.equal([
      ['control-plane', false],
      ['worker', true],
      ['worker', true],
    ]);
  });

  it('ends the fake GPU nodes', async () => {
    await cluster.stopGpuNodes();
    await waitFor(async () => Object.values(await allocatable()).every((count) => count === 0), {
      what: 'no allocatable GPU',
      deadlineMs: MINUTE,
    });
  });

  it('exports logs of every node', async () => {
    const logs = join(workDir, 'logs');
    await cluster.exportLogs(logs);
    const found = await run(['find', logs, '-name', 'kubelet.log', '-size', '+0']);
    expect(found.stdout.split('\n')).to.have.length(3);
  });

  it('refuses a second cluster of the same name, and leaves the first alone', async () => {
    const error = await kindProvider
      .upDetached({
        plan: Plan.parse({ cluster: { provider: 'kind', name: NAME } }),
        runId: 'second',
        outDir: join(workDir, 'out'),
        workDir,
        clock: systemClock,
        signal: new AbortController().signal,
        undo: new UndoStack(),
        log: pino({ level: 'silent' }),
        progress: () => {},
      })
      .catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: 'KIND_CLUSTER_EXISTS', exit: 4 });
    expect(await ours('container')).to.have.length(3);
  });
});
