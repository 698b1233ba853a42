import { ApiException } from '@kubernetes/client-node';
import { expect } from 'chai';
import { ManualClock } from '../../harness/clock/testing/manual-clock.ts';
import type { Kube } from '../../harness/kube/client.ts';
import { startGpuNodes, stopGpuNodes } from './gpu-nodes.ts';

describe('the fake GPU nodes of a cluster in containers', () => {
  it('have ended when their DaemonSet is gone too, which goes after its pods', async () => {
    const left = { daemonSets: 3, pods: 1 };
    const kube = {
      apps: {
        deleteNamespacedDaemonSet: async () => undefined,
        readNamespacedDaemonSet: async () => {
          if (left.daemonSets-- > 0) return {};
          throw new ApiException(404, 'not found', '{}', {});
        },
      },
      core: { listNamespacedPod: async () => ({ items: left.pods-- > 0 ? [{}] : [] }) },
    } as unknown as Kube;
    const clock = new ManualClock();
    const stopped = stopGpuNodes(kube, { clock });
    await clock.advance(0);
    await clock.advance(10_000);
    await stopped;
    expect(left.daemonSets).to.be.below(0);
    expect(left.pods).to.be.below(0);
  });

  it('are started again when those before have ended, for there is one DaemonSet of the name', async () => {
    let ending = 3;
    const made: number[] = [];
    const kube = {
      apps: {
        readNamespacedDaemonSet: async () => {
          if (ending-- > 0) return { metadata: { deletionTimestamp: new Date() } };
          throw new ApiException(404, 'not found', '{}', {});
        },
        createNamespacedDaemonSet: async () => made.push(ending),
      },
      core: { createNamespace: async () => undefined },
    } as unknown as Kube;
    const clock = new ManualClock();
    const started = startGpuNodes(kube, [], 'image', { clock });
    await clock.advance(0);
    await clock.advance(10_000);
    await started;
    expect(made).to.deep.equal([-1]);
  });
});
