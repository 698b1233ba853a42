import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { DeviceManager } from '../embedded/kubelet/device-manager.ts';
import { Agent } from '../gpu-node/agent.ts';
import { writeSettings } from '../gpu-node/control.ts';
import { GpuNodeSettings } from '../gpu-node/settings.ts';
import { servePodResources } from '../kubelet-api/pod-resources.ts';
import type { Listening } from '../kubelet-api/transport.ts';
import { programFile } from '../programs/file.ts';
import { readFront } from './front.ts';
import { OWN_SOCKET } from './layout.ts';
import type { Answered, AttendantRequest, Looked, Renewed } from './protocol.ts';
import type { Stand } from './settings.ts';

const RESOURCE = 'nvidia.com/gpu';
const GPUS = 4;
const VENDOR = 'ordeal-gpu.sock';

/** The program as it runs in a pod on a node: a kubelet’s device manager and a plugin, on real sockets. */
describe('who attends to a proxy, as a process', function () {
  this.timeout(120_000);
  let programs: string;
  let program: string;
  let folder: string;
  let stand: Stand;
  let manager: DeviceManager;
  let resources: Listening;
  let vendor: Agent;
  let children: ChildProcess[];

  const started = (command: string) => {
    const argv = [program, command, JSON.stringify(stand)];
    const child = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'ignore'] });
    children.push(child);
    return child;
  };
  const allocatable = () => manager.stock().get(RESOURCE)?.allocatable ?? 0;
  const sockets = () => readdirSync(stand.devicePlugins).filter((name) => name.startsWith(OWN_SOCKET));
  const until = async (what: string, there: () => boolean) =>
    await waitFor(there, { what, deadlineMs: 40_000, intervalMs: 20 });

  /** As `kubectl exec` would. */
  const ask = async <T>(request: AttendantRequest): Promise<T> => {
    const child = started('talk');
    child.stdin?.on('error', () => undefined);
    child.stdin?.write(`${JSON.stringify({ id: 7, request })}\n`);
    let line = '';
    for await (line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) break;
    child.stdin?.end();
    if (line === '') throw new Error('nobody answers');
    const answered = JSON.parse(line) as Answered;
    if ('error' in answered) throw new Error(answered.error);
    expect(answered.id).to.equal(7);
    return answered.answer as T;
  };
  const attended = async () => {
    const child = started('attend');
    await waitFor(async () => await ask<Renewed>({ do: 'renew' }).then(Boolean, () => false), {
      what: 'an attendant',
      deadlineMs: 20_000,
    });
    return child;
  };
  const inFront = async (leaseMs: number) => {
    expect(await ask({ do: 'find' })).to.deep.equal({ endpoint: VENDOR, healthy: GPUS });
    const injection = { kind: 'stream-lost', afterMs: 0 } as const;
    await ask({ do: 'start', vendor: VENDOR, injection, leaseMs, endMs: 300_000 });
    await until('a lost stream', () => allocatable() === 0);
    expect(sockets()).to.have.length(1);
  };
  const givenBack = async () => {
    await until('the resource’s return', () => allocatable() === GPUS && readFront(stand) === undefined);
    expect(sockets()).to.deep.equal([]);
  };

  before(async () => {
    programs = mkdtempSync(join(tmpdir(), 'at-'));
    program = await programFile('plugin-proxy', programs);
  });

  after(() => rmSync(programs, { recursive: true, force: true }));

  beforeEach(async () => {
    children = [];
    folder = mkdtempSync(join(tmpdir(), 'at-'));
    const [devicePlugins, podResources] = [join(folder, 'd'), join(folder, 'p')];
    stand = { resource: RESOURCE, devicePlugins, podResources, stateDir: join(folder, 's') };
    for (const path of [devicePlugins, podResources, stand.stateDir]) mkdirSync(path);
    manager = new DeviceManager({
      folder: devicePlugins,
      clock: systemClock,
      activePods: () => new Set(),
      changed: () => undefined,
      panic: () => undefined,
    });
    await manager.start();
    resources = await servePodResources(join(podResources, 'kubelet.sock'), {
      list: () => [],
      allocatable: () => [
        {
          resource_name: RESOURCE,
          device_ids: Array.from({ length: allocatable() }, (_, of) => `GPU-w-${of}`),
        },
      ],
      get: () => undefined,
    });
    const stateDir = join(folder, 'v');
    await writeSettings({ name: 'w', stateDir }, GpuNodeSettings.parse({ gpus: GPUS, lockMs: 0 }));
    vendor = new Agent({
      ...{ node: 'w', devicePluginDir: devicePlugins, podResourcesDir: podResources },
      ...{ stateDir, hostStateDir: stateDir, clock: systemClock },
    });
    vendor.start();
    await until('the vendor’s devices', () => allocatable() === GPUS);
  });

  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    await vendor.stop();
    await resources.close();
    await manager.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('gives the resource back when it hears of the run no more, with nobody’s help', async () => {
    await attended();
    // The lease runs from the request on: it is to outlast the start of a process on a busy machine, and two words of another.
    await inFront(6_000);
    await givenBack();
    expect(await ask<Renewed>({ do: 'renew' })).to.deep.equal({ lapsed: 'the run was not heard of in time' });
    expect(await ask<Looked>({ do: 'look' })).to.deep.equal({ stands: false, fronted: false });
    const lines = await ask<string[]>({ do: 'lines', from: 0 });
    expect(lines.map((line) => JSON.parse(line).type)).to.include.members(['in-front', 'given-back']);
  });

  it('gives it back when its pod is told to end', async () => {
    const attendant = await attended();
    await inFront(300_000);
    attendant.kill('SIGTERM');
    const [code] = await once(attendant, 'exit');
    expect(code).to.equal(0);
    await givenBack();
  });

  it('gives back what one that was killed has left, as its container starts anew', async () => {
    const attendant = await attended();
    await inFront(300_000);
    const proxy = Number.parseInt(readFront(stand)?.proxy ?? '', 10);
    process.kill(proxy, 'SIGSTOP');
    attendant.kill('SIGKILL');
    process.kill(proxy, 'SIGKILL');
    await attended();
    await givenBack();
    expect(await ask<Renewed>({ do: 'renew' })).to.deep.equal({ lapsed: 'its attendant was killed' });
  });

  it('gives back, by the vendor’s name alone, what one has left that took its files along', async () => {
    const attendant = await attended();
    await inFront(300_000);
    const proxy = Number.parseInt(readFront(stand)?.proxy ?? '', 10);
    process.kill(proxy, 'SIGSTOP');
    attendant.kill('SIGKILL');
    process.kill(proxy, 'SIGKILL');
    rmSync(stand.stateDir, { recursive: true });
    await attended();
    expect(await ask<Looked>({ do: 'look', vendor: VENDOR })).to.include({ stands: true });
    await ask({ do: 'give-back', vendor: VENDOR });
    await givenBack();
    expect(await ask<Looked>({ do: 'look', vendor: VENDOR })).to.include({ stands: false });
  });

  it('leaves the proxy alone that another attendant has put there', async () => {
    await attended();
    await inFront(300_000);
    const others = stand;
    stand = { ...stand, stateDir: join(folder, 'z') };
    await attended();
    expect(await ask({ do: 'find' })).to.deep.equal({
      reason: `a proxy stands in front of ${RESOURCE} already`,
    });
    expect(await ask<Looked>({ do: 'look', vendor: VENDOR })).to.deep.equal({
      stands: false,
      fronted: false,
    });
    await ask({ do: 'give-back', vendor: VENDOR });
    await ask({ do: 'end' });
    expect(readFront(others)).to.include({ vendor: VENDOR });
    expect(sockets()).to.have.length(1);
    stand = others;
    await ask({ do: 'give-back' });
    await givenBack();
  });
});
