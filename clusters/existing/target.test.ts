import type { V1Node } from '@kubernetes/client-node';
import { expect } from 'chai';
import { OrdealError } from '../../harness/errors/error.ts';
import { parsePlan } from '../../harness/plan/load.ts';
import { described } from './allow.ts';
import { nodeIdentity } from './identity.ts';
import { chooseNodes, needOf } from './target.ts';

const CONTROL_PLANE = 'node-role.kubernetes.io/control-plane';

function node(
  name: string,
  more: { gpus?: string; labels?: object; spec?: V1Node['spec']; ready?: string } = {},
) {
  return nodeIdentity({
    metadata: { name, labels: { ...more.labels } },
    ...(more.spec && { spec: more.spec }),
    status: {
      capacity: {
        cpu: '8',
        ...(more.gpus && { 'nvidia.com/gpu': more.gpus }),
        'ordeal.dev/gpu-job-slot': '6',
      },
      conditions: [{ type: 'Ready', status: more.ready ?? 'True' }],
    },
  });
}

const plan = (...overrides: string[]) => parsePlan('', 'a test', overrides);
const names = (nodes: readonly { name: string }[]) => nodes.map(({ name }) => name);
const cluster = {
  uid: 'u',
  version: 'v1.34.4',
  nodes: [
    // As of a kind cluster of one node: no taint says what it is.
    node('cp', { labels: { [CONTROL_PLANE]: '' } }),
    node('cordoned', { spec: { unschedulable: true } }),
    node('tainted', { spec: { taints: [{ key: 'team', effect: 'NoExecute' }] } }),
    node('lost', { ready: 'Unknown' }),
    node('a'),
    node('b', { gpus: '8' }),
  ],
};

describe('the nodes of someone’s cluster that a plan works on', () => {
  it('are those that are Ready, take pods, and are no control plane', () => {
    expect(names(chooseNodes(cluster, plan()))).to.deep.equal(['a', 'b']);
  });

  it('are, as the cluster is, those with GPUs', () => {
    expect(names(chooseNodes(cluster, plan('profile=as-is')))).to.deep.equal(['b']);
  });

  it('may be named, a control plane too', () => {
    expect(names(chooseNodes(cluster, plan('cluster.nodes=[cp, a]')))).to.deep.equal(['cp', 'a']);
  });

  for (const [named, seen] of [
    ['[a, nobody]', 'there is no node nobody'],
    ['[cordoned]', 'cordoned takes no pods: cordoned'],
    ['[tainted]', 'tainted takes no pods: taint team:NoExecute'],
    ['[lost]', 'lost is not Ready'],
  ]) {
    it(`are refused where they are ${named}`, () => {
      expect(() => chooseNodes(cluster, plan(`cluster.nodes=${named}`)))
        .to.throw(OrdealError)
        .that.includes({ code: 'NODES_MISSING', exit: 4, seen });
    });
  }

  it('are refused where there are none but a control plane', () => {
    const alone = { ...cluster, nodes: cluster.nodes.slice(0, 1) };
    expect(() => chooseNodes(alone, plan()))
      .to.throw(OrdealError)
      .that.includes({ code: 'NODES_MISSING', seen: 'cp is a control plane' });
  });

  it('are shown with their GPUs to whoever allows them, without what is the harness’s own', () => {
    const text = described({ name: 'mine', kubeconfig: '/k', server: 'https://a' }, cluster);
    expect(text).to.contain('b, Ready').and.to.contain('8 nvidia.com/gpu').and.to.contain('UID');
    expect(text).to.not.contain('ordeal.dev');
  });

  it('need no orders for fake GPU nodes as they are, and job slots only under a cap', () => {
    expect(needOf(plan('profile=as-is'))).to.deep.equal({
      ...{ checkpoints: false, edge: false, exporter: false },
      ...{ fakeGpuNodes: false, jobSlots: false, proxies: false },
    });
    expect(needOf(plan('profile=as-is', 'suites.0.name=edge'))).to.include({ edge: true, jobSlots: false });
    expect(needOf(plan('suites.0.remedies.jobCap=6'))).to.deep.equal({
      ...{ checkpoints: false, edge: false, exporter: false },
      ...{ fakeGpuNodes: true, jobSlots: true, proxies: false },
    });
    const exporter = 'suites.0.settings.exporter={}';
    expect(needOf(plan(exporter))).to.include({ exporter: true });
    // The exporters that someone has are in a namespace that is known, where a Role is enough.
    expect(needOf(plan('profile=as-is', exporter))).to.include({ exporter: false });
    const faults = 'suites.0.faults=[{kind: gpu/plugin-hang}, {kind: load/job-burst}]';
    expect(needOf(plan('profile=as-is', faults))).to.include({ fakeGpuNodes: false, proxies: true });
    expect(needOf(plan('suites.0.faults=[{kind: gpu/plugin-restart}]'))).to.include({ proxies: false });
  });
});
