import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { hasLivingOwner, workerFolders, writeOwner } from './folders.ts';

describe('folders of a cluster in containers', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ordeal-folders-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('has an owner while the process that it was made by lives', async () => {
    const child = spawn(process.execPath, ['--eval', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    await writeOwner(folder, child.pid ?? 0);
    expect(await hasLivingOwner(folder)).to.equal(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await hasLivingOwner(folder)).to.equal(false);
  });

  it('has none where the process ID was given to another process', async () => {
    await writeFile(join(folder, 'owner.json'), JSON.stringify({ pid: process.pid, born: '1' }));
    expect(await hasLivingOwner(folder)).to.equal(false);
  });

  it('has none for a cluster that outlives its process, and where nothing is written', async () => {
    expect(await hasLivingOwner(folder)).to.equal(false);
    await writeOwner(folder, null);
    expect(await hasLivingOwner(folder)).to.equal(false);
  });

  it('gives sockets paths that fit into a socket’s address below a run’s folder', async () => {
    const { devicePlugins, podResources } = workerFolders('/tmp/ordeal-a1b2c3d4e5/k', 499);
    for (const path of [devicePlugins, podResources])
      expect(join(path, 'kubelet.sock')).to.have.length.below(60);
  });
});
