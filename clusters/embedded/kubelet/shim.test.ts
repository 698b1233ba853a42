import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type RunningTask, ShimPool } from './shim.ts';

describe('what runs a container’s process', () => {
  let folder: string;
  let pool: ShimPool;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shim-test-'));
    pool = new ShimPool(folder);
  });

  afterEach(() => {
    pool.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  /** What a script says, and its exit code. */
  const run = async (script: string, meanwhile: (task: RunningTask) => void = () => undefined) =>
    await new Promise<{ said: string[]; exitCode: number }>((resolve) => {
      const said: string[] = [];
      const task = pool.start(
        { argv: ['/bin/sh', '-c', script], env: { PATH: process.env.PATH ?? '/usr/bin:/bin' }, cwd: folder },
        { line: (text) => said.push(text), ended: (exitCode) => resolve({ said, exitCode }) },
      );
      meanwhile(task);
    });

  it('tells what it says, also where the last line has no end, and how it ended', async () => {
    for (let again = 0; again < 2; again += 1)
      expect(await run('echo one; printf two; exit 3')).to.deep.equal({ said: ['one', 'two'], exitCode: 3 });
  });

  it('has it hear a signal that is sent before it is there', async () => {
    // Of a shell that is there already, and hears what its task does not.
    await run('true');
    const { exitCode } = await run('exec sleep 60', (task) => task.signal('SIGTERM'));
    expect(exitCode).to.equal(143);
  });

  it('kills it before it is there', async () => {
    await run('true');
    const { exitCode } = await run('exec sleep 60', (task) => task.signal('SIGKILL'));
    expect(exitCode).to.equal(137);
  });
});
