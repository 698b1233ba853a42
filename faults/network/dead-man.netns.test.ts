import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { netnsLab } from '../../clusters/network/netns/lab.ts';
import type { EdgeLink, EdgeNetwork } from '../../clusters/network/port.ts';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { tryRun } from '../../harness/exec/exec.ts';
import type { History } from '../../harness/history/event.ts';
import { UndoStack } from '../../harness/run/undo.ts';
import { healJournal } from '../journal.ts';
import { partition } from './partition.ts';
import { tcLacks } from './tc/probe.ts';
import { answers, Ground, kernelOf, kernelState, serve, through } from './testing/ground.ts';
import { HELD, type Holding, type Stop } from './testing/holder.ts';

const HOLDER = join(import.meta.dirname, 'testing/holder.ts');
/** A process's start on a busy machine. */
const STARTED_MS = 30_000;
/** From a harness's death to the healed target, at most; a few commands on a busy machine. */
const HEALED_MS = 5_000;
const LEASE_MS = 3_000;

describe('a target whose harness is killed in the middle of a fault', () => {
  const undo = new UndoStack();
  const children: ChildProcess[] = [];
  let ground: Ground;
  let network: EdgeNetwork;
  let link: EdgeLink;
  let pristine: string;
  let runs = 0;

  before(async () => {
    ground = new Ground();
    network = await netnsLab({ runId: 'dead-man', nodes: ['edge-1'], undo });
    link = network.links[0] as EdgeLink;
    await link.setKeepalive(1);
    if (network.cloud.hop) await serve(network.cloud.hop, link);
    await waitFor(() => answers(link, link.throughTunnel.mqtt), { what: 'the tunnel', deadlineMs: 30_000 });
    pristine = await kernelState(link);
  });

  afterEach(async () => {
    // Of one that still dies nothing is healed.
    for (const child of children.splice(0)) if (child.exitCode === null) await killed(child);
    await healJournal();
    expect(await kernelState(link)).to.equal(pristine);
  });

  after(async () => {
    ground?.end();
    expect(await undo.unwind()).to.deep.equal([]);
  });

  const whole = async () => (await kernelState(link)) === pristine;
  const broken = async () => !(await whole());

  /** Processes of the dead-men of a run. */
  const deadMen = async (runId: string) =>
    (await tryRun(['pgrep', '-f', `ordeal-dead-man [0-9.]+ ${runId}/`])).stdout.split('\n').filter(Boolean);

  /** Also one that was killed is there until its machine gives it the time to end. */
  const noDeadMan = (runId: string) =>
    waitFor(async () => (await deadMen(runId)).length === 0, {
      what: 'the dead-man’s end',
      deadlineMs: 3 * LEASE_MS,
    });

  /** Another process holds a fault of the link, and has come to where it stops. */
  const held = async (fault: Holding['fault'], stop: Stop, more: Partial<Holding> = {}) => {
    const { cloud, edge, interfaces, nic, tunnelPort } = kernelOf(link);
    const namespaceOf = ({ enter }: { enter: readonly string[] }) => enter.at(-1) as string;
    runs += 1;
    const runId = `dead-man-${process.pid}-${runs}`;
    const holding: Holding = {
      ...{ fault, stop, runId, leaseMs: LEASE_MS, workMs: 60_000 },
      arrived: join(ground.journalFolder, '..', `${runId}.arrived`),
      namespaces: { edge: namespaceOf(edge), nic: namespaceOf(nic), cloud: namespaceOf(cloud) },
      path: { interfaces, tunnelPort },
      ...more,
    };
    const argv = ['--import', 'tsx', HOLDER, JSON.stringify(holding)];
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    const lines: string[] = [];
    createInterface(child.stdout).on('line', (line) => lines.push(line));
    const come = stop === 'never' ? 'held' : 'stopped';
    await waitFor(() => lines.includes(come), { what: `the holder ${come}`, deadlineMs: STARTED_MS });
    return { child, runId, lines, arrived: holding.arrived };
  };

  const killed = async (child: ChildProcess) => {
    if (child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };

  /** Ms until the link is as it was before. */
  const healedIn = async (withinMs: number) => {
    const from = systemClock.mono();
    await waitFor(whole, { what: 'the link as it was', deadlineMs: withinMs, intervalMs: 20 });
    return systemClock.mono() - from;
  };

  for (const fault of Object.keys(HELD) as Holding['fault'][]) {
    it(`heals by itself: ${fault}`, async () => {
      if (fault === 'tc netem' && (await tcLacks(kernelOf(link).nic, 'netem'))) {
        const refused = await ground.hold(HELD[fault](link), async () => expect.fail('the work was done'));
        expect(refused.map(({ type }) => type)).to.deep.equal(['fault.refused']);
        return;
      }
      for (const stop of ['within', 'after'] as const) {
        const { child, runId } = await held(fault, stop);
        // A restart that is done has left nothing to heal.
        if (!(fault.includes('restart') && stop === 'after')) expect(await broken()).to.equal(true);
        await killed(child);
        const ms = await healedIn(HEALED_MS);
        process.stdout.write(`      ${stop}: healed in ${Math.round(ms)} ms\n`);
        expect(await healJournal()).to.have.length(1);
        expect(await healJournal()).to.deep.equal([]);
        await noDeadMan(runId);
      }
    });
  }

  for (const fault of ['nftables (partition)', 'classic BPF (partition)'] as const) {
    it(`heals what was on its way when the harness died: ${fault}`, async () => {
      const { arrived, child, runId } = await held(fault, 'in flight');
      await killed(child);
      expect(existsSync(arrived)).to.equal(false);
      await waitFor(() => existsSync(arrived), { what: 'the command’s arrival', deadlineMs: 10_000 });
      await healedIn(HEALED_MS);
      await noDeadMan(runId);
      expect(await whole()).to.equal(true);
    });
  }

  it('was not touched, and the dead-man ends, where nothing was injected yet', async () => {
    const { child, runId } = await held('nftables (partition)', 'before');
    expect(await deadMen(runId)).to.have.length(1);
    await killed(child);
    await noDeadMan(runId);
    expect(await whole()).to.equal(true);
  });

  it('is healed at once by clean, which ends the dead-man', async () => {
    // A dead-man that waits for a day does nothing to the purpose.
    const { child, runId } = await held('nftables (partition)', 'after', { leaseMs: 86_400_000 });
    for (const pid of await deadMen(runId)) process.kill(Number(pid), 'SIGSTOP');
    await killed(child);
    expect(await broken()).to.equal(true);
    expect(await healJournal()).to.have.length(1);
    expect(await whole()).to.equal(true);
    await noDeadMan(runId);
    expect(await healJournal()).to.deep.equal([]);
  });

  it('heals when the harness hangs for longer than a lease, which the history tells', async () => {
    // Its work is not done before it is stopped, however late a busy machine hears that it has begun.
    const { child, lines } = await held('nftables (partition)', 'never', { workMs: 5_000 });
    child.kill('SIGSTOP');
    expect(await broken()).to.equal(true);
    await healedIn(LEASE_MS + HEALED_MS);
    child.kill('SIGCONT');
    const told = () => lines.find((line) => line.startsWith('['));
    const history: History = JSON.parse(await waitFor(told, { what: 'the history', deadlineMs: 10_000 }));
    const types = history.map(({ type }) => type);
    expect(types).to.include.members(['fault.lapsed', 'fault.healed']);
    expect(history.at(-1)?.body).to.include({ healed: true });
    expect(ground.journalled()).to.deep.equal([]);
  });

  it('keeps the fault for several leases while the run lives, and nothing heals after the heal', async () => {
    const fault = partition('p', { direction: 'both', match: 'all' }, link);
    const runId = `living-${process.pid}`;
    const history = await ground.hold(
      fault,
      async () => {
        await systemClock.sleep(3 * LEASE_MS);
        expect(await broken()).to.equal(true);
        expect(await deadMen(runId)).to.have.length(1);
      },
      { leaseMs: LEASE_MS, runId },
    );
    expect(history.map(({ type }) => type)).not.to.include('fault.lapsed');
    await noDeadMan(runId);
  });

  it('heals at the run’s deadline, however much it is told that the run lives', async () => {
    const fault = partition('p', { direction: 'both', match: 'all' }, link);
    // Later than a busy machine has injected it.
    const deadlineMs = 6_000;
    const deadlineWall = systemClock.wall() + deadlineMs;
    const history = await ground.hold(
      fault,
      async () => {
        expect(await broken()).to.equal(true);
        await healedIn(deadlineMs + HEALED_MS);
      },
      { deadlineWall },
    );
    expect(history.find(({ type }) => type === 'fault.lapsed')?.body).to.include({ fault: 'p' });
  });

  it('is not touched where no dead-man can be armed', async () => {
    const machine = ['ip', 'netns', 'exec', 'ordeal-no-such-namespace'];
    const poorer = through(link, ({ exec }) => exec, { machine });
    const fault = partition('p', { direction: 'both', match: 'all' }, poorer);
    const failure = await ground.hold(fault, async () => undefined).catch((error) => error);
    expect(failure).to.include({ code: 'FAULT_NOT_GUARDED', exit: 4 });
    expect(failure.seen).to.match(/Cannot open network namespace/);
    expect(await whole()).to.equal(true);
    expect(ground.journalled()).to.deep.equal([]);
  });
});
