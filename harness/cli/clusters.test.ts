import { expect } from 'chai';
import { staticPackages } from '../testing/static-packages.ts';

describe('commands about clusters', () => {
  it('begin before the Kubernetes client is loaded, which takes longer than the rest of them', async () => {
    const packages = await staticPackages('harness/cli/clusters.ts');
    expect(packages).to.include('zod').and.not.include('@kubernetes/client-node');
  });
});
