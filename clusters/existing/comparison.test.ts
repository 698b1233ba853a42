import type { V1Node } from '@kubernetes/client-node';
import { expect } from 'chai';
import fc from 'fast-check';
import { compare, pictureOf } from './comparison.ts';

const GPU = 'nvidia.com/gpu';
const node = (name: string, more: Partial<V1Node> = {}): V1Node => ({
  metadata: { name, labels: { zone: 'a' }, annotations: { note: 'x'.repeat(100) } },
  spec: { taints: [{ key: 'gpu', effect: 'NoSchedule' }] },
  status: {
    capacity: { cpu: '8', [GPU]: '8' },
    allocatable: { cpu: '8', [GPU]: '8' },
    conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: new Date() }],
  },
  ...more,
});
const compared = (before: V1Node[], after: V1Node[], objects: string[] = []) =>
  compare(before.map(pictureOf), { nodes: after.map(pictureOf), objects }, GPU);

describe('how a cluster was left', () => {
  it('is as it was found where only the time of a heartbeat differs', () => {
    expect(compared([node('a'), node('b')], [node('b'), node('a')])).to.deep.equal({
      compared: 2,
      ours: [],
      others: [],
    });
  });

  it('a resource that a kubelet knows the name of, and has none of, is as good as absent', () => {
    const bare = node('a', { status: { allocatable: { cpu: '8' }, capacity: { cpu: '8' } } });
    const zero = node('a', {
      status: { allocatable: { cpu: '8', [GPU]: '0' }, capacity: { cpu: '8', [GPU]: '0' } },
    });
    expect(compared([bare], [zero]).ours).to.deep.equal([]);
    expect(compared([zero], [bare]).ours).to.deep.equal([]);
  });

  it('a GPU that is lost, a slot and a namespace that stay are the run’s', () => {
    const after = node('a', {
      status: {
        allocatable: { cpu: '8', [GPU]: '7' },
        capacity: { cpu: '8', [GPU]: '8', 'ordeal.dev/gpu-job-slot': '6' },
      },
    });
    const { ours } = compared([node('a')], [after], ['Namespace ordeal-x']);
    expect(ours).to.deep.equal([
      'Namespace ordeal-x is still there',
      'node a: allocatable.nvidia.com/gpu was "8" and is "7"',
      'node a: capacity.ordeal.dev/gpu-job-slot was absent and is "6"',
    ]);
  });

  it('what may have been anybody’s is told apart', () => {
    const tainted = node('a', { spec: { taints: [], unschedulable: true } });
    const { ours, others } = compared([node('a'), node('b')], [tainted, node('c')]);
    expect(ours).to.deep.equal([]);
    expect(others).to.deep.equal([
      'node a: taints.gpu:NoSchedule was "" and is absent',
      'node a: unschedulable was absent and is "true"',
      'node b is gone',
      'node c is new',
    ]);
  });

  it('shows no long text of an annotation', () => {
    const changed = node('a', {
      metadata: { name: 'a', labels: { zone: 'a' }, annotations: { note: 'secret' } },
    });
    expect(compared([changed], [node('a')]).others).to.deep.equal([
      'node a: annotations.note was "secret" and is a text of 100 characters',
    ]);
  });

  it('any one difference of labels, taints or amounts is seen, both ways', () => {
    const key = fc.stringMatching(/^[a-z]{1,8}$/);
    const amounts = fc.dictionary(key, fc.stringMatching(/^[1-9][0-9]{0,3}$/));
    const any = fc.record({ labels: amounts, allocatable: amounts });
    fc.assert(
      fc.property(any, any, (one, other) => {
        const of = ({ allocatable, labels }: typeof one) =>
          node('a', { metadata: { name: 'a', labels }, status: { allocatable } });
        const differ = (a: object, b: object) =>
          [...new Set([...Object.keys(a), ...Object.keys(b)])].filter(
            (name) => (a as Record<string, string>)[name] !== (b as Record<string, string>)[name],
          ).length;
        const expected = differ(one.labels, other.labels) + differ(one.allocatable, other.allocatable);
        expect(compared([of(one)], [of(other)]).others).to.have.lengthOf(expected);
        expect(compared([of(other)], [of(one)]).others).to.have.lengthOf(expected);
      }),
    );
  });
});
