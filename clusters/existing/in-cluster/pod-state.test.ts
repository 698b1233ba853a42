import type { V1ContainerState, V1Pod, V1PodStatus } from '@kubernetes/client-node';
import { expect } from 'chai';
import { stateOf } from './pod-state.ts';

const pod = (state: V1ContainerState, status: V1PodStatus = {}): V1Pod => ({
  status: {
    ...status,
    containerStatuses: [
      { ...{ name: 'harness', image: '', imageID: '', ready: false, restartCount: 0 }, state },
    ],
  },
});

describe('the pod of a harness in the cluster', () => {
  it('is waited for, with the reason that its kubelet or the scheduler tells', () => {
    expect(stateOf([], false)).to.deep.equal({ is: 'waiting', why: 'its Job has made no pod' });
    const waiting = { waiting: { reason: 'ErrImagePull', message: 'no such image' } };
    expect(stateOf([pod(waiting)], true)).to.deep.equal({ is: 'waiting', why: 'no such image' });
    const conditions = [{ type: 'PodScheduled', status: 'False', message: '0/2 nodes are available' }];
    expect(stateOf([{ status: { phase: 'Pending', conditions } }], true)).to.deep.equal({
      is: 'waiting',
      why: '0/2 nodes are available',
    });
    expect(stateOf([pod({ running: {} })], true)).to.deep.equal({ is: 'running' });
  });

  it('has ended by itself with its own exit codes alone', () => {
    for (const exitCode of [0, 3, 4, 5, 130])
      expect(stateOf([pod({ terminated: { exitCode } })], true)).to.deep.equal({
        is: 'ended',
        code: exitCode,
      });
  });

  it('is gone where it is not there any more, or somebody else has ended it', () => {
    expect(stateOf([], true)).to.deep.equal({ is: 'gone', why: 'its pod is gone from the cluster' });
    expect(stateOf([pod({ terminated: { exitCode: 137, reason: 'OOMKilled' } })], true)).to.deep.equal({
      is: 'gone',
      why: 'its container was ended (OOMKilled, exit code 137)',
    });
    // A kubelet that knows nothing of it any more says what it was not.
    const unknown = pod({ terminated: { exitCode: 0, reason: 'ContainerStatusUnknown' } });
    expect(stateOf([unknown], true).is).to.equal('gone');
    expect(stateOf([{ status: { phase: 'Failed', reason: 'Evicted' } }], true)).to.deep.equal({
      is: 'gone',
      why: 'its pod failed: Evicted',
    });
  });
});
