import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { waitFor } from '../harness/clock/wait-for.ts';
import { ordeal, type Started, start, startAs } from './testing/command.ts';

describe('a fault by hand', function () {
  this.timeout(300_000);
  let state: string;
  let stateBefore: string | undefined;
  const running: Started[] = [];

  before(async () => {
    state = mkdtempSync(join(tmpdir(), 'hand-'));
    stateBefore = process.env.XDG_STATE_HOME;
    process.env.XDG_STATE_HOME = state;
    const { code, output } = await ordeal('up', '--workers', '2', '--quiet');
    expect(code, output).to.equal(0);
  });

  after(async () => {
    for (const { child } of running) child.kill('SIGKILL');
    const { output } = await ordeal('down');
    if (stateBefore === undefined) delete process.env.XDG_STATE_HOME;
    else process.env.XDG_STATE_HOME = stateBefore;
    // A caretaker of what was killed may still be writing there.
    await rm(state, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 });
    expect(output).to.match(/is down \(embedded\)/);
  });

  const inject = (kind: string, ttl: string, ...more: string[]) => {
    const started = start('fault', 'inject', kind, '--target', 'worker-1', '--ttl', ttl, ...more);
    running.push(started);
    return started;
  };
  const listed = async () => (await ordeal('fault', 'list')).output;
  const held = async (started: Started) => {
    await waitFor(() => /is held on worker-1/.test(started.output()), {
      what: 'the fault to be held',
      deadlineMs: 60_000,
      seen: started.output,
    });
  };

  const ownFolders = (folder: string) => readdirSync(folder).filter((name) => name.startsWith('ordeal-'));

  it('bites, and is gone at its TTL', async () => {
    const { code, output } = await inject('gpu/device-unhealthy', '10s', '--with', 'devices=[0,1]').ended;
    expect(code, output).to.equal(0);
    expect(output).to.match(/bit \(6 of 8 .*healed \(8 of 8/);
    expect(await listed()).to.equal('no fault is listed\n');
  });

  it('of a plugin’s calls stands in front of whatever plugin the node has, and gives its resource back', async () => {
    const { code, output } = await inject('gpu/plugin-stream-lost', '8s').ended;
    expect(code, output).to.equal(0);
    expect(output).to.match(/bit \(.*healed \(/);
    expect(await listed()).to.equal('no fault is listed\n');
  });

  it('is listed while it is held, and healed from elsewhere', async () => {
    const started = inject('gpu/plugin-restart', '100s', '--with', 'down=1s');
    await held(started);
    const line = await listed();
    expect(line).to.match(
      /^by-hand-\S+\/plugin-restart-\d+ {2}gpu\/plugin-restart on gpu of worker-1: held by a command/,
    );
    const [id = ''] = line.split(' ');
    const { code, output } = await ordeal('fault', 'heal', id);
    expect(code, output).to.equal(0);
    expect(output).to.equal(`healed: fault ${id}\n`);
    const ended = await started.ended;
    expect(ended.code).to.equal(130);
    expect(ended.output).to.match(/healed \(8 of 8/);
    expect(await listed()).to.equal('no fault is listed\n');
  });

  it('whose command was killed is healed without a hand, and leaves no folder of its own', async () => {
    const scratch = join(state, 't');
    mkdirSync(scratch);
    const started = startAs(
      { env: { ...process.env, TMPDIR: scratch } },
      ...['fault', 'inject', 'gpu/device-unhealthy', '--target', 'worker-1', '--ttl', '100s'],
    );
    running.push(started);
    await held(started);
    expect(ownFolders(scratch)).to.have.length(2);
    started.child.kill('SIGKILL');
    await started.ended;
    await waitFor(async () => (await listed()) === 'no fault is listed\n', {
      what: 'the heal of what a killed command held',
      deadlineMs: 60_000,
    });
    await waitFor(() => ownFolders(scratch).length === 0, {
      what: 'the end of its folders',
      deadlineMs: 60_000,
      seen: () => ownFolders(scratch).join(),
    });
    expect((await ordeal('fault', 'heal')).output).to.equal('nothing was to heal\n');
  });

  it('is refused where it cannot heal itself, has no such target, or no time to end', async () => {
    const refusal = async (...args: string[]) => {
      const { code, output } = await ordeal('fault', ...args, '--quiet');
      expect(code, output).to.equal(3);
      return output;
    };
    const on = ['--target', 'worker-1', '--ttl', '5s'];
    expect(await refusal('inject', 'network/partition', ...on)).to.match(/FAULT_NOT_BY_HAND/);
    expect(await refusal('inject', 'load/job-burst', ...on)).to.match(/FAULT_NOT_BY_HAND/);
    expect(await refusal('inject', 'gpu/device-unhealthy', '--target', 'w', '--ttl', '5s')).to.match(
      /TARGET_UNKNOWN/,
    );
    expect(await refusal('inject', 'gpu/device-unhealthy', '--ttl', '5s')).to.match(/--target/);
    expect(await refusal('inject', 'gpu/device-unhealthy', '--target', 'worker-1', '--ttl', '0s')).to.match(
      /--ttl/,
    );
    expect(await refusal('inject', 'gpu/plugin-restart', ...on, '--with', 'up=1s')).to.match(/--with\.up/);
    const { code, output } = await ordeal('fault', 'heal', 'no/such');
    expect(code, output).to.equal(3);
    expect(await listed()).to.equal('no fault is listed\n');
  });
});
