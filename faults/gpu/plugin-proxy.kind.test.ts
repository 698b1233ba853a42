import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { pino } from 'pino';
import { NODE_STATE } from '../../clusters/container-nodes/folders.ts';
import { kindProvider } from '../../clusters/kind/provider.ts';
import { systemClock } from '../../harness/clock/clock.ts';
import { Plan } from '../../harness/plan/schema.ts';
import { UndoStack } from '../../harness/run/undo.ts';
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

const GPUS = 4;
const NAME = 'ordeal-proxy-test';

describe('a proxy in front of a plugin that a real kubelet has', function () {
  this.timeout(300_000);
  let folder: string;
  let stage: Stage;
  let vendor: Vendor;
  let running: string;
  const undo = new UndoStack();
  let ground: Ground;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'px-'));
    ground = new Ground();
    const cluster = await kindProvider.up({
      plan: Plan.parse({ cluster: { provider: 'kind', name: NAME, workers: 1 } }),
      runId: 'proxy-test',
      outDir: join(folder, 'out'),
      workDir: folder,
      clock: systemClock,
      signal: new AbortController().signal,
      undo,
      log: pino({ level: 'silent' }),
      progress: () => {},
    });
    stage = new Stage(cluster, ground);
    // By the node's own sockets, which are on this machine too; nothing of it is the cluster's or the harness's.
    vendor = new Vendor(stage.node);
    await vendor.start({ wait: 'prestart' }, NODE_STATE);
    await stage.allocatable(GPUS);
    running = await stage.running();
  });

  after(async () => {
    await vendor?.stop();
    const failed = await undo.unwind(60_000);
    ground?.end();
    rmSync(folder, { recursive: true, force: true });
    expect(failed).to.deep.equal([]);
  });

  /** Nobody has told the vendor’s plugin of any of it, and what it had given is still held. */
  afterEach(async () => {
    expect(vendor.registrations).to.equal(1);
    expect(await stage.phaseOf(running)).to.equal('Running');
  });

  it('delays a start', async () => {
    let name = '';
    const fault = pluginDelay('d', PluginDelayWith.parse({}), stage.at);
    const history = await stage.hold(fault, async () => {
      name = await stage.running();
    });
    for (const type of ['fault.bit', 'fault.healed']) {
      process.stdout.write(`      ${bodyOf(history, type)?.evidence}\n`);
    }
    await stage.remove(name);
  });

  it('fails PreStartContainer', async () => {
    let name = '';
    const wanted = PluginErrorWith.parse({ call: 'PreStartContainer' });
    const history = await stage.hold(pluginError('e', wanted, stage.at), async () => {
      name = await stage.start();
    });
    process.stdout.write(`      ${bodyOf(history, 'fault.bit')?.evidence}\n`);
    await stage.remove(name);
  });

  it('leaves Allocate without an answer, and gives it when it goes', async () => {
    let name = '';
    await stage.hold(pluginHang('h', PluginHangWith.parse({}), stage.at), async () => {
      name = await stage.start();
    });
    await stage.inPhase(name, 'Running');
    await stage.remove(name);
  });

  it('gives one answer twice', async () => {
    const names: string[] = [];
    const fault = pluginDuplicate('u', PluginDuplicateWith.parse({}), stage.at);
    const history = await stage.hold(fault, async () => {
      for (let pod = 0; pod < 2; pod += 1) names.push(await stage.running());
    });
    process.stdout.write(`      ${bodyOf(history, 'fault.bit')?.evidence}\n`);
    await stage.remove(...names);
  });

  it('loses the stream', async () => {
    const fault = pluginStreamLost('s', PluginStreamLostWith.parse({}), stage.at);
    await stage.hold(fault, () => stage.allocatable(0));
  });

  it('gives the resource back after a SIGKILL of the harness, the keeper and itself', async () => {
    const harness = await holdElsewhere(stage.cluster, stage.node);
    const pids = [stage.pidOf('keeper'), stage.pidOf('proxy')];
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    harness.kill('SIGKILL');
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    const from = systemClock.mono();
    await stage.givenBack();
    process.stdout.write(`      given back in ${Math.round(systemClock.mono() - from)} ms\n`);
    await stage.works(GPUS);
    const healed = await healJournal(ground.journalFolder);
    expect(healed).to.deep.equal([`fault gpu/plugin-delay of run ${KILLED_RUN}`]);
    stage.expectClean();
  });
});
