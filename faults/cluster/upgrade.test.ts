import type { V1Pod } from '@kubernetes/client-node';
import { ApiException } from '@kubernetes/client-node';
import { expect } from 'chai';
import type { Cluster, ClusterNode } from '../../clusters/port.ts';
import { systemClock } from '../../harness/clock/clock.ts';
import { memoryRecorder } from '../../harness/history/writer.ts';
import type { Kube } from '../../harness/kube/client.ts';
import type { FaultContext } from '../port.ts';
import { ownState } from '../testing/own-state.ts';
import { FaultKeeper } from '../wrapper.ts';
import { evictable } from './drain.ts';
import { upgrade } from './upgrade.ts';

const pod = (name: string, more: Partial<V1Pod> = {}): V1Pod => ({
  metadata: { name, namespace: 'n', uid: `uid-${name}`, ...more.metadata },
  status: { phase: 'Running', ...more.status },
});

/** A cluster of one node, as far as an upgrade asks for it. */
class FakeCluster {
  apiServer = 'v1.34.4';
  kubelet = 'v1.33.13';
  unschedulable = false;
  pods: V1Pod[] = [];
  /** Evictions that a budget still refuses. */
  refusals = 0;
  readonly calls: string[] = [];
  swap = async () => {
    this.calls.push('swap');
    this.kubelet = 'v1.34.4';
  };

  readonly node = { name: 'w1', role: 'worker' } as ClusterNode;

  context(): FaultContext {
    const kube = {
      version: { getCode: async () => ({ gitVersion: this.apiServer }) },
      core: {
        readNode: async () => ({
          spec: { unschedulable: this.unschedulable },
          status: {
            nodeInfo: { kubeletVersion: this.kubelet },
            conditions: [{ type: 'Ready', status: 'True' }],
          },
        }),
        patchNode: async ({ body }: { body: { value: boolean }[] }) => {
          this.unschedulable = body[0]?.value ?? false;
          this.calls.push(this.unschedulable ? 'cordon' : 'uncordon');
        },
        listPodForAllNamespaces: async () => ({ items: this.pods }),
        createNamespacedPodEviction: async ({ name }: { name: string }) => {
          if (this.refusals-- > 0) throw new ApiException(429, 'budget', undefined, {});
          this.calls.push(`evict ${name}`);
          this.pods = this.pods.filter(({ metadata }) => metadata?.name !== name);
        },
      },
    } as unknown as Kube;
    return {
      cluster: {
        kube,
        nodes: [this.node],
        upgrade: { to: '1.34.4', kubectl: ['echo'], swap: () => this.swap() },
      } as unknown as Cluster,
      recorder: memoryRecorder(systemClock),
      clock: systemClock,
      signal: new AbortController().signal,
      runId: 'r',
      radius: {
        ...{ nodes: ['w1'], mostNodes: 1, mostShare: 100, interfaces: [], namespaces: ['n'] },
        ...{ resources: [], hostNetwork: false },
      },
      deadlineWall: systemClock.wall() + 60_000,
    };
  }
}

const hold = async (cluster: FakeCluster, context: FaultContext, drained = true) => {
  const fault = upgrade('upgrade-1', { to: '1.34.4' }, cluster.node, drained);
  const options = { biteDeadlineMs: 200, goneDeadlineMs: 50, pollMs: 5 };
  await new FaultKeeper(context).hold(fault, async () => {}, options);
};
const told = ({ recorder }: FaultContext, type: string) =>
  recorder.events.filter((event) => event.type === type).map(({ body }) => body as Record<string, unknown>);

describe('the upgrade of a node', () => {
  ownState();

  it('cordons, drains within the budgets, swaps, and uncordons what is at its version', async () => {
    const cluster = new FakeCluster();
    cluster.pods = [pod('a')];
    cluster.refusals = 1;
    const context = cluster.context();
    await hold(cluster, context);
    expect(cluster.calls).to.deep.equal(['cordon', 'evict a', 'swap', 'uncordon']);
    expect(told(context, 'upgrade.evicted')).to.deep.equal([
      { fault: 'upgrade-1', node: 'w1', podUid: 'uid-a' },
    ]);
    expect(told(context, 'fault.bit')[0]).to.deep.include({ bit: true });
    expect(told(context, 'fault.healed')[0]).to.deep.include({ healed: true });
  });

  it('leaves all pods alone where no drain is asked for, whosever they are', async () => {
    const cluster = new FakeCluster();
    cluster.pods = [pod('a'), pod('dns', { metadata: { namespace: 'kube-system' } })];
    const context = cluster.context();
    await hold(cluster, context, false);
    expect(cluster.calls).to.deep.equal(['cordon', 'swap', 'uncordon']);
    expect(told(context, 'fault.injecting')[0]?.mechanism).to.not.contain('drain');
    expect(told(context, 'fault.healed')[0]).to.deep.include({ healed: true });
  });

  it('says for how long the API server may be away, of the node that has it alone', async () => {
    const worker = new FakeCluster();
    const cloud = new FakeCluster();
    cloud.node.role = 'control-plane';
    cloud.apiServer = 'v1.33.13';
    cloud.swap = async () => {
      cloud.apiServer = 'v1.34.4';
      cloud.kubelet = 'v1.34.4';
    };
    for (const [cluster, apiAwayMs] of [
      [worker, undefined],
      [cloud, 120_000],
    ] as const) {
      const context = cluster.context();
      await hold(cluster, context);
      expect(told(context, 'fault.injecting')[0]?.apiAwayMs).to.equal(apiAwayMs);
    }
  });

  it('leaves the pods of DaemonSets, those of the kubelet itself, and what has ended', () => {
    const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'd', uid: 'd', controller: true };
    const pods = [
      pod('a'),
      pod('daemon', { metadata: { ownerReferences: [owner] } }),
      pod('static', { metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } } }),
      pod('done', { status: { phase: 'Succeeded' } }),
    ];
    expect(evictable(pods).map(({ metadata }) => metadata?.name))
      .to.include('a')
      .and.have.length(1);
  });

  it('touches nothing where the control plane is behind, or where it would evict what is not the run’s', async () => {
    const behind = new FakeCluster();
    behind.apiServer = 'v1.33.13';
    const foreign = new FakeCluster();
    foreign.pods = [pod('dns', { metadata: { namespace: 'kube-system' } })];
    for (const [cluster, reason] of [
      [behind, /the control plane comes first/],
      [foreign, /namespace kube-system/],
    ] as const) {
      const context = cluster.context();
      await hold(cluster, context);
      expect(cluster.calls).to.deep.equal([]);
      expect(told(context, 'fault.refused')[0]?.reason).to.match(reason);
    }
  });

  it('finishes what broke off half-way, and names what cannot be finished', async () => {
    const cluster = new FakeCluster();
    const whole = cluster.swap;
    cluster.swap = async () => {
      cluster.swap = whole;
      throw new Error('the disk is full');
    };
    const mended = cluster.context();
    const broke = await hold(cluster, mended).catch((error: Error) => error.message);
    expect(broke).to.equal('the disk is full');
    expect(told(mended, 'fault.healed')[0]).to.deep.include({ healed: true });
    expect(cluster.kubelet).to.equal('v1.34.4');

    const stuck = new FakeCluster();
    stuck.swap = async () => {};
    const context = stuck.context();
    await hold(stuck, context);
    expect(told(context, 'fault.bit')[0]).to.deep.include({ bit: false });
    const [healed] = told(context, 'fault.healed');
    expect(healed).to.deep.include({ healed: false });
    expect(healed?.evidence).to.contain('kubelet v1.33.13: half-way to v1.34.4');
  });

  it('has what uncordons the node written down before it is cordoned', async () => {
    const cluster = new FakeCluster();
    const fault = upgrade('upgrade-1', { to: '1.34.4' }, cluster.node);
    await fault.capability(cluster.context());
    expect(fault.healRecord()).to.deep.include({ by: 'commands' });
    expect(JSON.stringify(fault.healRecord())).to.contain('"undo":["uncordon","w1"]');
  });
});
