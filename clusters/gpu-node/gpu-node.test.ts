import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { tryRun } from '../../harness/exec/exec.ts';
import { memoryRecorder } from '../../harness/history/writer.ts';
import { DevicePlugin, serveRegistration } from '../kubelet-api/device-plugin.ts';
import type { Device, RegisterRequest } from '../kubelet-api/messages.ts';
import { servePodResources } from '../kubelet-api/pod-resources.ts';
import type { Listening } from '../kubelet-api/transport.ts';
import { Agent } from './agent.ts';
import { addFault, removeFault, writeSettings } from './control.ts';
import { followLedgers } from './follow.ts';
import { gpuNodeFiles } from './layout.ts';
import type { LedgerLine } from './ledger.ts';
import { GpuNodeSettings } from './settings.ts';

/** A kubelet as far as a plugin sees it, on real sockets. */
describe('a fake GPU node', () => {
  let folder: string;
  let node: { name: string; stateDir: string };
  let registered: RegisterRequest[];
  let kubelet: Listening;
  let resources: Listening;
  let agent: Agent;
  let plugin: DevicePlugin;
  const deadline = { deadlineMs: 5_000, intervalMs: 10 };
  const files = () => gpuNodeFiles(node.stateDir);
  const serve = () =>
    serveRegistration(join(folder, 'dp', 'kubelet.sock'), async (request) => void registered.push(request));
  const ledger = (): LedgerLine[] =>
    readFileSync(files().ledger, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  const said = async (type: LedgerLine['type'], count = 1) =>
    await waitFor(() => ledger().filter((line) => line.type === type).length >= count, {
      what: `${count} × ${type}`,
      ...deadline,
    });

  const begin = async (settings: Partial<GpuNodeSettings> = {}) => {
    await writeSettings(
      node,
      GpuNodeSettings.parse({ latencyMs: [40, 60], lockMs: 1, gpus: 4, ...settings }),
    );
    agent.start();
    await said('settings.applied');
    plugin = new DevicePlugin(join(folder, 'dp', 'ordeal-gpu.sock'));
  };
  const allocate = async (...devices: string[]) => {
    const { container_responses } = await plugin.allocate({ container_requests: [{ devices_ids: devices }] });
    return container_responses;
  };
  /** nvidia-smi as the container has it: by links below a root of its own. */
  const nvidiaSmi = async (envs: Record<string, string>) => {
    const root = mkdtempSync(join(folder, 'root-'));
    mkdirSync(join(root, 'usr/bin'), { recursive: true });
    mkdirSync(join(root, 'run'));
    symlinkSync(files().nvidiaSmi, join(root, 'usr/bin/nvidia-smi'));
    symlinkSync(files().root, join(root, 'run/ordeal-gpu'));
    return await tryRun([join(root, 'usr/bin/nvidia-smi'), '-L'], { env: envs });
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gpu-'));
    for (const name of ['dp', 'pr', 'state']) mkdirSync(join(folder, name));
    node = { name: 'w1', stateDir: join(folder, 'state') };
    registered = [];
    kubelet = await serve();
    resources = await servePodResources(join(folder, 'pr', 'kubelet.sock'), {
      list: () => [
        {
          name: 'p',
          namespace: 'n',
          containers: [
            { name: 'c', devices: [{ resource_name: 'nvidia.com/gpu', device_ids: ['GPU-w1-0'] }] },
          ],
        },
      ],
      allocatable: () => [],
      get: () => undefined,
    });
    agent = new Agent({
      node: node.name,
      devicePluginDir: join(folder, 'dp'),
      podResourcesDir: join(folder, 'pr'),
      stateDir: node.stateDir,
      hostStateDir: node.stateDir,
      clock: systemClock,
      pollMs: 10,
      podResourcesMs: 20,
      exporter: { host: '127.0.0.1', port: 0 },
    });
  });

  afterEach(async () => {
    plugin?.close();
    await agent.stop();
    await kubelet.close();
    await resources.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('has dcgm-exporter’s gauge of every device, with its holder by PodResources', async () => {
    await begin();
    await said('exporter.serving');
    const serving = ledger().find(({ type }) => type === 'exporter.serving') as { port: number };
    const url = `http://127.0.0.1:${serving.port}`;
    const before = Date.now();
    const response = await fetch(`${url}/metrics`);
    const samples = (await response.text())
      .split('\n')
      .filter((line) => line.startsWith('DCGM_FI_DEV_GPU_UTIL{'));
    expect(samples).to.have.length(4);
    expect(samples[0]).to.match(
      /gpu="0",UUID="GPU-w1-0",pci_bus_id="00000000:01:00.0",device="nvidia0",modelName="[^"]+",Hostname="w1",container="c",namespace="n",pod="p"} 0$/,
    );
    expect(samples[1]).to.match(/UUID="GPU-w1-1",.*Hostname="w1"} 0$/);
    const date = Date.parse(response.headers.get('date') ?? '');
    expect(date).to.be.within(before - 1_000, Date.now());
    expect((await fetch(`${url}/`)).status).to.equal(404);
    await resources.close();
    expect((await fetch(`${url}/metrics`)).status).to.equal(500);
  });

  it('registers its resource and lists its devices', async () => {
    await begin({ wait: 'prestart' });
    expect(registered[0]).to.include({
      version: 'v1beta1',
      endpoint: 'ordeal-gpu.sock',
      resource_name: 'nvidia.com/gpu',
    });
    expect(await plugin.options(1_000)).to.include({ pre_start_required: true });
    const devices = await new Promise<Device[]>((resolve) =>
      plugin.listAndWatch({ devices: resolve, ended: () => {} }),
    );
    expect(devices.map(({ ID, health }) => `${ID} ${health}`)).to.deep.equal(
      [0, 1, 2, 3].map((index) => `GPU-w1-${index} Healthy`),
    );
  });

  it('answers Allocate at once in the incident; nvidia-smi tells the truth until the association stands', async () => {
    // Longer than a busy machine takes for a look of nvidia-smi.
    await begin({ latencyMs: [2_500, 2_500] });
    const [response] = await allocate('GPU-w1-2');
    const before = await nvidiaSmi(response?.envs ?? {});
    expect(before).to.include({ exitCode: 6, stdout: 'No devices were found' });
    await said('driver.associated');
    expect(await nvidiaSmi(response?.envs ?? {})).to.include({
      exitCode: 0,
      stdout: 'GPU 0: Ordeal Fake GPU (UUID: GPU-w1-2)',
    });
    expect(response?.devices).to.deep.equal([
      { container_path: '/dev/nvidia2', host_path: '/dev/null', permissions: 'rw' },
    ]);
    expect(await nvidiaSmi({ ...response?.envs, ORDEAL_ALLOCATION: 'somebody-else' })).to.include({
      exitCode: 6,
    });
  });

  it('binds one after the other with one worker, and at once with four', async () => {
    for (const workers of [1, 4]) {
      await begin({ workers, latencyMs: [200, 200] });
      await Promise.all([0, 1, 2, 3].map((index) => allocate(`GPU-w1-${index}`)));
      await said('driver.associated', 4);
      const last = ledger().findLast((line) => line.type === 'driver.associated');
      // Three services of 200 ms come before the last one's turn, or none.
      if (workers === 1) expect(last?.queuedMs).to.be.at.least(590);
      else expect(last?.queuedMs).to.be.below(590);
      await agent.stop();
      plugin.close();
      rmSync(files().ledger);
      agent = new Agent({
        ...{
          node: 'w1',
          stateDir: node.stateDir,
          hostStateDir: node.stateDir,
          clock: systemClock,
          pollMs: 10,
        },
        devicePluginDir: join(folder, 'dp'),
        podResourcesDir: join(folder, 'pr'),
      });
    }
    agent.start();
  });

  for (const wait of ['allocate', 'prestart'] as const) {
    it(`has the association stand after ${wait}, when it waits there`, async () => {
      await begin({ wait });
      const [response] = await allocate('GPU-w1-0');
      if (wait === 'prestart') await plugin.preStart({ devices_ids: ['GPU-w1-0'] }, 5_000);
      expect((await nvidiaSmi(response?.envs ?? {})).exitCode).to.equal(0);
    });
  }

  it('fails the call when the timeout and its retries are over', async () => {
    // So late that no stall of this process lets the association be there before a timeout is seen to be over.
    await begin({ wait: 'allocate', latencyMs: [60_000, 60_000], timeoutMs: 30, retries: 1 });
    const error = await allocate('GPU-w1-0').catch((caught: Error) => caught.message);
    expect(error).to.match(/no association of GPU-w1-0 within 30 ms, 2 times/);
  });

  it('delays associations by a fault, says how much of it was injected, and heals itself at the deadline', async () => {
    await begin();
    const fault = { id: 'f', kind: 'bind-delay', extraMs: 150 } as const;
    await addFault(node, { ...fault, untilWall: systemClock.wall() + 60_000 });
    await said('fault.applied');
    await allocate('GPU-w1-0');
    await said('driver.associated');
    const slow = ledger().find((line) => line.type === 'driver.associated');
    expect(slow?.injectedMs).to.equal(150);
    expect(slow?.serviceMs).to.be.at.least(180);
    await addFault(node, { ...fault, untilWall: systemClock.wall() + 500 });
    await said('fault.lifted');
    expect(ledger().find((line) => line.type === 'fault.lifted')?.by).to.equal('deadline');
    await allocate('GPU-w1-1');
    await said('driver.associated', 2);
    expect(ledger().findLast((line) => line.type === 'driver.associated')?.injectedMs).to.equal(0);
  });

  it('loses a device: Unhealthy on the stream, gone from nvidia-smi, back when healed', async () => {
    await begin();
    const lists: Device[][] = [];
    plugin.listAndWatch({ devices: (list) => lists.push(list), ended: () => {} });
    const [response] = await allocate('GPU-w1-0');
    await said('driver.associated');
    await addFault(node, {
      id: 'f',
      kind: 'device-unhealthy',
      devices: [0],
      untilWall: systemClock.wall() + 60_000,
    });
    await waitFor(() => lists.at(-1)?.[0]?.health === 'Unhealthy', { what: 'Unhealthy', ...deadline });
    expect((await nvidiaSmi(response?.envs ?? {})).exitCode).to.equal(6);
    await removeFault(node, 'f');
    await waitFor(() => lists.at(-1)?.[0]?.health === 'Healthy', { what: 'Healthy', ...deadline });
    expect((await nvidiaSmi(response?.envs ?? {})).exitCode).to.equal(0);
  });

  it('goes away and registers again, by a fault and when the kubelet starts anew', async () => {
    await begin();
    await addFault(node, {
      id: 'f',
      kind: 'plugin-restart',
      downMs: 50,
      untilWall: systemClock.wall() + 60_000,
    });
    await waitFor(() => registered.length === 2, { what: 'a second registration', ...deadline });
    await kubelet.close();
    rmSync(join(folder, 'dp', 'ordeal-gpu.sock'));
    kubelet = await serve();
    await waitFor(() => registered.length === 3, { what: 'a third registration', ...deadline });
    expect(statSync(join(folder, 'dp', 'ordeal-gpu.sock')).isSocket()).to.equal(true);
  });

  it('lists devices by their place in the hardware, in whichever order the kubelet has chosen them', async () => {
    await begin({ wait: 'allocate' });
    const [response] = await allocate('GPU-w1-3', 'GPU-w1-1', 'GPU-w1-2');
    const { stdout } = await nvidiaSmi(response?.envs ?? {});
    expect(stdout.match(/GPU-w1-\d/g)).to.deep.equal(['GPU-w1-1', 'GPU-w1-2', 'GPU-w1-3']);
  });

  it('is wrong in the ways it is asked to be', async () => {
    await begin({ defect: 'duplicate-device' });
    const [response] = await allocate('GPU-w1-3');
    expect(response?.envs?.NVIDIA_VISIBLE_DEVICES).to.equal('GPU-w1-0');
    await writeSettings(node, GpuNodeSettings.parse({ gpus: 4, defect: 'wrong-count' }));
    await said('settings.applied', 2);
    expect(await allocate('GPU-w1-3')).to.deep.equal([]);
  });

  it('brings its ledger into a history, and names a line that cannot be read', async () => {
    await begin();
    await allocate('GPU-w1-0');
    await said('podresources');
    appendFileSync(files().ledger, '{"torn\n');
    const recorder = memoryRecorder(systemClock);
    const follower = followLedgers([node], recorder, { clock: systemClock });
    await follower.stop();
    const types = recorder.events.map(({ type }) => type);
    expect(types).to.include.members([
      'ledger.plugin.registered',
      'ledger.plugin.allocate',
      'ledger.podresources',
      'ledger.unreadable',
    ]);
    expect(recorder.events.every(({ source }) => source === 'node/w1')).to.equal(true);
  });
});
