import { expect } from 'chai';
import type { ClusterNode } from '../port.ts';
import { standOn } from './control.ts';
import { Stand } from './settings.ts';

describe('where a proxy stands', () => {
  const node = (more: Partial<ClusterNode>) =>
    ({ name: 'w', role: 'worker', kubeletDirs: undefined, stateDir: undefined, ...more }) as ClusterNode;

  it('is all that the proxy’s own program takes, whatever else of a kubelet is in reach', () => {
    const kubeletDirs = { devicePlugins: '/dp', podResources: '/pr', pluginsRegistry: '/registry' };
    const stand = standOn(node({ kubeletDirs, stateDir: '/state' }), 'nvidia.com/gpu');
    expect(Stand.parse(stand)).to.deep.equal({
      ...{ resource: 'nvidia.com/gpu', stateDir: '/state', devicePlugins: '/dp', podResources: '/pr' },
    });
  });

  it('is nowhere on a node whose kubelet is out of reach', () => {
    expect(standOn(node({ stateDir: '/state' }), 'nvidia.com/gpu')).to.equal(undefined);
  });
});
