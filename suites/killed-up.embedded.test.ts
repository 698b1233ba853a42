import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { waitFor } from '../harness/clock/wait-for.ts';
import { machineProcesses } from '../harness/exec/processes.ts';
import { type Started, startAs } from './testing/command.ts';
import { nothingOf, type Traces, watchTraces } from './testing/leftovers.ts';

/** The caretaker's rounds, on a busy machine. */
const GONE_MS = 240_000;

describe('an `ordeal up` that is ended before its cluster is up', function () {
  this.timeout(420_000);
  let traces: Traces;
  let up: Started;

  beforeEach(async () => {
    traces = await watchTraces();
  });

  afterEach(() => {
    up.child.kill('SIGKILL');
    traces.remove();
  });

  const start = (...args: string[]) => {
    up = startAs({ env: { ...process.env, ...traces.env } }, 'up', '--workers', '2', ...args);
    return up;
  };
  const folders = () => readdirSync(traces.env.TMPDIR as string).filter((name) => name.startsWith('ordeal-'));
  const state = () => join(traces.env.XDG_STATE_HOME as string, 'ordeal', 'e', 'ordeal');
  const seen = async (file: string) => {
    await waitFor(() => existsSync(join(state(), file)), {
      what: file,
      deadlineMs: 60_000,
      intervalMs: 5,
      seen: () => up.output(),
    });
  };
  const nothingLeft = (deadlineMs: number) => nothingOf(traces.own, deadlineMs);

  it('by SIGKILL before its cluster answers leaves neither the cluster nor its own folder', async () => {
    const { child, ended } = start();
    await seen('cluster.json');
    child.kill('SIGKILL');
    await ended;
    await nothingLeft(GONE_MS);
  });

  it('by SIGKILL while its cluster answers leaves neither the cluster nor its own folder', async () => {
    const { child, ended } = start();
    // By nothing that takes as long as the cluster takes to answer.
    const program = join(state(), 'embedded-cluster.mjs');
    await waitFor(() => machineProcesses().some(({ argv }) => argv[1] === program), {
      what: 'the cluster’s process',
      deadlineMs: 60_000,
      intervalMs: 5,
      seen: up.output,
    });
    // It would be done as soon as its cluster answers.
    child.kill('SIGSTOP');
    await seen('control.sock');
    child.kill('SIGKILL');
    await ended;
    await nothingLeft(GONE_MS);
  });

  it('by SIGTERM takes everything back itself', async () => {
    const { child, ended } = start();
    await seen('cluster.json');
    child.kill('SIGTERM');
    const { code, output } = await ended;
    expect(code, output).to.equal(130);
    await nothingLeft(10_000);
  });

  it('by its own failure keeps its folder, for what is to be read there', async () => {
    const { ended } = start('--set', 'deadline=50ms');
    const { code, output } = await ended;
    expect(code, output).to.be.oneOf([2, 4]);
    expect(folders().filter((name) => name.startsWith('ordeal-up-'))).to.have.length(1);
  });
});
