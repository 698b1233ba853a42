import { expect } from 'chai';
import { staticPackages } from '../../harness/testing/static-packages.ts';

describe('kind provider', () => {
  it('starts kind before the Kubernetes client is loaded', async () => {
    const packages = await staticPackages('clusters/kind/provider.ts');
    expect(packages).to.include('execa').and.not.include('@kubernetes/client-node');
  });
});
