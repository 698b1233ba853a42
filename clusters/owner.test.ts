import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { bornAt } from '../harness/exec/born-at.ts';
import { isAbandoned, writeOwner } from './owner.ts';

describe('the owner of a cluster’s folder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ordeal-owner-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is not abandoned while the process that it was made by lives', async () => {
    const child = spawn(process.execPath, ['--eval', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    await writeOwner(folder, { pid, born: bornAt(pid) });
    expect(await isAbandoned(folder)).to.equal(false);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await isAbandoned(folder)).to.equal(true);
  });

  it('is abandoned where the process ID was given to another process', async () => {
    await writeOwner(folder, { pid: process.pid, born: '1' });
    expect(await isAbandoned(folder)).to.equal(true);
  });

  it('is abandoned where nothing readable says whose it is', async () => {
    expect(await isAbandoned(folder)).to.equal(true);
    await writeFile(join(folder, 'owner.json'), '{"owner":7}');
    expect(await isAbandoned(folder)).to.equal(true);
  });

  it('is never abandoned where it is to stay', async () => {
    await writeOwner(folder, null);
    expect(await isAbandoned(folder)).to.equal(false);
  });
});
