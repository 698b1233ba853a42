import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { tryRun } from '../../harness/exec/exec.ts';
import type { CommandUndo } from '../command-undo.ts';
import type { DeadMan } from './dead-man.ts';
import { watch } from './watch.ts';

const LEASE_MS = 1_000;
const HEALED_MS = 5_000;

describe('a shell that heals a target', () => {
  let folder: string;
  let watches: DeadMan[];
  let fault: string;
  let made = 0;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'watch-test-'));
    watches = [];
    made += 1;
    fault = `watch-test-${process.pid}/${made}`;
  });

  afterEach(async () => {
    for (const each of watches) await each.disarm();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A change that is a file which says so; what it is called is nobody's business. It goes once that is in the log. */
  const change = (name: string, mark = 'broken'): CommandUndo => {
    const file = join(folder, name);
    const undo = ['sh', '-c', 'echo "$1" >>"$2" && rm "$1"', 'sh', file, join(folder, 'log')];
    return { what: name, machine: [], enter: ['env'], look: ['cat', file], mark, undo };
  };
  const break_ = (...names: string[]) => {
    for (const name of names) writeFileSync(join(folder, name), `is broken: ${name}`);
  };
  const stands = (name: string) => existsSync(join(folder, name));
  const healed = (...names: string[]) =>
    waitFor(() => names.every((name) => !stands(name)), {
      what: `${names} healed`,
      deadlineMs: LEASE_MS + HEALED_MS,
      intervalMs: 10,
    });
  const watching = async (undo: CommandUndo[], more: { leaseMs?: number; deadlineMs?: number } = {}) => {
    const { deadlineMs = 60_000, leaseMs = LEASE_MS } = more;
    const deadlineWall = systemClock.wall() + deadlineMs;
    const deadMan = await watch({ clock: systemClock, deadlineWall, fault, leaseMs, machine: [], undo });
    watches.push(deadMan);
    return deadMan;
  };
  const runs = async () => (await tryRun(['pgrep', '-f', `ordeal-dead-man [0-9.]+ ${fault}`])).exitCode === 0;
  const ended = () =>
    waitFor(async () => !(await runs()), { what: 'its end', deadlineMs: LEASE_MS + HEALED_MS });

  it('waits while it is told that the run lives, and leaves without a deed', async () => {
    // For longer than a lease; a machine that is busy may keep either of the two from speaking for most of one.
    const leaseMs = 3_000;
    const deadMan = await watching([change('a')], { leaseMs });
    break_('a');
    const until = systemClock.mono() + 1.5 * leaseMs;
    while (systemClock.mono() < until) {
      await systemClock.sleep(leaseMs / 15);
      await deadMan.renew();
    }
    expect(deadMan.fired).to.equal(undefined);
    expect(stands('a')).to.equal(true);
    await deadMan.disarm();
    await ended();
    expect(stands('a')).to.equal(true);
  });

  it('heals after a lease of silence, in the order that it was given, and says so to whoever asks later', async () => {
    break_('a', 'b');
    const deadMan = await watching([change('b'), change('a')]);
    await healed('a', 'b');
    await deadMan.renew();
    expect(deadMan.fired).to.equal('the run was not heard of in time');
    const log = readFileSync(join(folder, 'log'), 'utf8');
    expect(log).to.equal(`${join(folder, 'b')}\n${join(folder, 'a')}\n`);
    await deadMan.disarm();
    await ended();
  });

  it('heals at the deadline, told or not', async () => {
    const deadMan = await watching([change('a')], { leaseMs: 60_000, deadlineMs: 1_000 });
    break_('a');
    await deadMan.renew();
    await healed('a');
    await deadMan.renew();
    expect(deadMan.fired).to.equal('the run was not heard of in time');
  });

  it('heals at once when nobody can speak to it any more, and what comes later, and then ends', async () => {
    const deadMan = await watching([change('a')], { leaseMs: 3_000 });
    break_('a');
    deadMan.release();
    await healed('a');
    break_('a');
    await healed('a');
    await ended();
  });

  it('leaves alone what does not bear the mark', async () => {
    const deadMan = await watching([change('a', 'of another')]);
    break_('a');
    deadMan.release();
    await ended();
    expect(stands('a')).to.equal(true);
  });

  it('takes words for words, whatever is in them', async () => {
    const names = ['$(touch evil)', '`touch evil`', '; touch evil', ' two  words ', '*', `'"\\`, 'ü\nü'];
    const deadMan = await watching(names.map((name) => change(name, name)));
    break_(...names);
    deadMan.release();
    await healed(...names);
    expect(stands('evil') || existsSync('evil')).to.equal(false);
    await ended();
  });

  it('is armed anew where something ended it', async () => {
    // It is one process until it heals.
    const deadMan = await watching([change('a')], { leaseMs: 3_000 });
    const { stdout } = await tryRun(['pgrep', '-f', `ordeal-dead-man [0-9.]+ ${fault}`]);
    process.kill(Number(stdout), 'SIGKILL');
    await ended();
    await deadMan.renew();
    expect(await runs()).to.equal(true);
    break_('a');
    deadMan.release();
    await healed('a');
  });
});
