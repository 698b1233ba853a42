import { expect } from 'chai';
import { goMod } from './go-binary.ts';

describe('go.mod of the node binary', () => {
  it('pins each staging module once to what was published with that Kubernetes', () => {
    const upstream = [
      'module k8s.io/kubernetes',
      'replace (',
      '\tk8s.io/api => ./staging/src/k8s.io/api',
      '\tk8s.io/component-base => ./staging/src/k8s.io/component-base',
      '\tk8s.io/api => ./staging/src/k8s.io/api',
      '\tgithub.com/other/module => github.com/fork/module v1.0.0',
      ')',
    ].join('\n');
    const lines = goMod('1.34.4', upstream).split('\n');
    expect(lines).to.include('require k8s.io/kubernetes v1.34.4');
    expect(lines.filter((line) => line.startsWith('replace'))).to.deep.equal([
      'replace k8s.io/api => k8s.io/api v0.34.4',
      'replace k8s.io/component-base => k8s.io/component-base v0.34.4',
    ]);
  });
});
