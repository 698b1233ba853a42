import { join } from 'node:path';
import { expect } from 'chai';
import { workerFolders } from './folders.ts';

describe('folders of a cluster in containers', () => {
  it('gives sockets paths that fit into a socket’s address below a run’s folder', async () => {
    const { devicePlugins, podResources } = workerFolders('/tmp/ordeal-a1b2c3d4e5/k', 499);
    for (const path of [devicePlugins, podResources])
      expect(join(path, 'kubelet.sock')).to.have.length.below(60);
  });
});
