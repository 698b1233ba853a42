import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { bornAt } from '../../harness/exec/born-at.ts';
import { isAbandoned, workerFolders, writeOwner } from './folders.ts';

describe('folders of a cluster in containers', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ordeal-folders-'));
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

  it('gives sockets paths that fit into a socket’s address below a run’s folder', async () => {
    const { devicePlugins, podResources } = workerFolders('/tmp/ordeal-a1b2c3d4e5/k', 499);
    for (const path of [devicePlugins, podResources])
      expect(join(path, 'kubelet.sock')).to.have.length.below(60);
  });
});
