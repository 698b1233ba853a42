import { expect } from 'chai';
import { skewRefusal, stepRefusal, upgradeOrder } from './skew.ts';

describe('the version skew of an upgrade', () => {
  it('goes one minor version a step, or to a newer patch, and never back', () => {
    for (const to of ['1.34.4', 'v1.34.0', '1.33.14'])
      expect(stepRefusal('v1.33.13', to), to).to.equal(undefined);
    expect(stepRefusal('1.33.13', '1.35.0')).to.contain('2 minor versions');
    for (const to of ['1.33.13', '1.33.2', '1.32.20'])
      expect(stepRefusal('1.33.13', to), to).to.contain('no way back');
    expect(stepRefusal('1.33.13', 'newest')).to.contain('newest is no version');
  });

  it('has no kubelet newer than its API server, nor more than three minor versions behind', () => {
    for (const kubelet of ['v1.34.4', 'v1.34.9', 'v1.31.0'])
      expect(skewRefusal(kubelet, 'v1.34.4'), kubelet).to.equal(undefined);
    expect(skewRefusal('v1.35.0', 'v1.34.4')).to.contain('the control plane comes first');
    expect(skewRefusal('v1.30.9', 'v1.34.4')).to.contain('more than 3 minor versions behind');
    expect(skewRefusal('unknown', 'v1.34.4')).to.contain('unknown is no version');
  });

  it('brings the control plane to the version first, then the workers in their order', () => {
    const nodes = [
      { name: 'w1', role: 'worker' },
      { name: 'cp', role: 'control-plane' },
      { name: 'w2', role: 'worker' },
    ] as const;
    expect(upgradeOrder(nodes).map(({ name }) => name)).to.deep.equal(['cp', 'w1', 'w2']);
  });
});
