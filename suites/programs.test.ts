import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Cluster } from '../clusters/port.ts';
import { waitFor } from '../harness/clock/wait-for.ts';
import { freePort } from '../harness/exec/free-port.ts';
import { memoryRecorder } from '../harness/history/writer.ts';
import { brokerControl } from './edge/cloud-control.ts';
import { edgeEvents } from './edge/events.ts';
import { Intake } from './edge/intake.ts';
import { machineClock } from './edge/workload/program.ts';
import { Programs } from './programs.ts';

describe('programs', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edge-programs-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const clusterOf = (...capabilities: string[]) =>
    ({ capabilities: new Set(capabilities) }) as unknown as Cluster;

  it('run from one file each, take orders, and end in order with whole ledgers', async () => {
    const recorder = memoryRecorder(machineClock);
    const intake = new Intake(recorder);
    const failures: string[] = [];
    const programs = new Programs(clusterOf(), folder);
    const listen = {
      onLine: (line: string) => intake.take('cloud', line),
      onFailed: (_code: number | null, said: string) => failures.push(said),
    };
    const echo = { host: '127.0.0.1', port: await freePort() };
    const hostEcho = { host: '127.0.0.1', port: await freePort() };
    const cloud = await programs.start(
      'edge-cloud',
      {
        mqtt: { host: '127.0.0.1', port: await freePort() },
        echo,
        hostEcho,
        broker: 'aedes',
        folder,
        protocol: 4,
        lateMs: 1_000,
        ledgerMs: 50,
      },
      { enter: [] },
      listen,
    );
    const until = (what: string, type: Parameters<typeof edgeEvents>[1]) =>
      waitFor(() => edgeEvents(recorder.events, type).length > 0, {
        what,
        deadlineMs: 15_000,
        intervalMs: 20,
      });
    await until('the cloud', 'ledger.cloud.started');
    const prober = await programs.start(
      'edge-probe',
      { node: 'a', path: 'host', target: hostEcho, intervalMs: 50, timeoutMs: 2_000 },
      { enter: ['env', 'ENTERED=1'] },
      listen,
    );
    await until('a run of probes', 'ledger.probe.run');
    const broker = brokerControl(cloud, recorder, machineClock);
    await broker.turn(false);
    expect(broker.isUp(recorder.events)).to.equal(false);
    await broker.turn(true);
    expect(broker.isUp(recorder.events)).to.equal(true);
    await prober.stop();
    await cloud.stop();
    await cloud.stop();
    expect(edgeEvents(recorder.events, 'ledger.probe.ended')).to.have.length(1);
    expect(edgeEvents(recorder.events, 'ledger.cloud.ended')).to.have.length(1);
    const runs = edgeEvents(recorder.events, 'ledger.probe.run').map(({ body }) => body);
    expect(runs.every(({ by, ok }) => ok && by?.endsWith('/host'))).to.equal(true);
    expect(failures).to.deep.equal([]);
  });

  it('tell that one fell over, and what it said', async () => {
    const failures: [number | null, string][] = [];
    const programs = new Programs(clusterOf(), folder);
    await programs.start(
      'edge-probe',
      { node: '' },
      { enter: [] },
      {
        onLine: () => undefined,
        onFailed: (exitCode, said) => failures.push([exitCode, said]),
      },
    );
    await waitFor(() => failures.length > 0, { what: 'its end', deadlineMs: 15_000, intervalMs: 20 });
    expect(failures[0]?.[0]).to.equal(1);
  });

  it('are this machine’s files where an image is a name only, and the image’s where it is more', async () => {
    const here = await new Programs(clusterOf(), folder).inPod('edge-probe', { node: 'a' });
    expect(here).to.deep.equal([process.execPath, join(folder, 'edge-probe.mjs'), '{"node":"a"}']);
    const inImage = await new Programs(clusterOf('daemonset-agents'), folder).inPod('edge-probe', {});
    expect(inImage).to.deep.equal(['node', '/ordeal/edge-probe.mjs', '{}']);
  });
});
