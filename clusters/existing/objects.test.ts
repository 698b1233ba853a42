import { ApiException } from '@kubernetes/client-node';
import { expect } from 'chai';
import type { Kube } from '../../harness/kube/client.ts';
import { removeOwnResources } from './objects.ts';

const SLOT = 'ordeal.dev/gpu-job-slot';

describe('what a run advertised on a node', () => {
  /** A node with a slot, which somebody else takes away between two looks or not; its patches are answered so. */
  const node = ({ code, gone = false }: { code?: number; gone?: boolean }) => {
    const capacity: Record<string, string> = { cpu: '8', 'nvidia.com/gpu': '8', [SLOT]: '6' };
    const patched: unknown[] = [];
    const core = {
      readNode: async () => ({ status: { capacity: { ...capacity } } }),
      patchNodeStatus: async ({ body }: { body: unknown }) => {
        if (code !== undefined) {
          if (gone) delete capacity[SLOT];
          throw new ApiException(code, 'refused', '{}', {});
        }
        patched.push(body);
      },
    };
    return { kube: { core } as unknown as Kube, patched };
  };

  it('is taken away by its name, and nothing else', async () => {
    const { kube, patched } = node({});
    expect(await removeOwnResources(kube, 'a')).to.deep.equal([SLOT]);
    expect(patched).to.deep.equal([[{ op: 'remove', path: '/status/capacity/ordeal.dev~1gpu-job-slot' }]]);
  });

  it('is nobody’s failure where somebody else was first', async () => {
    expect(await removeOwnResources(node({ code: 422, gone: true }).kube, 'a')).to.deep.equal([]);
    expect(await removeOwnResources(node({ code: 404 }).kube, 'a')).to.deep.equal([]);
  });

  it('is told where the API server keeps it', async () => {
    for (const code of [403, 422]) {
      const error = await removeOwnResources(node({ code }).kube, 'a').catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(ApiException).and.to.include({ code });
    }
  });
});
