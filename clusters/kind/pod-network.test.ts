import type { V1Node } from '@kubernetes/client-node';
import { expect } from 'chai';
import { OrdealError } from '../../harness/errors/error.ts';
import { podNetworkProgram, podSubnets } from './pod-network.ts';

const node = (name: string, podCIDR: string | undefined, address: string | undefined): V1Node => ({
  metadata: { name },
  spec: { ...(podCIDR && { podCIDR }) },
  status: {
    addresses: [{ type: 'Hostname', address: name }, ...(address ? [{ type: 'InternalIP', address }] : [])],
  },
});
const nodes = [
  node('cp', '10.244.0.0/24', '172.18.0.2'),
  node('w1', '10.244.1.0/24', '172.18.0.3'),
  node('w2', '10.244.2.0/24', '172.18.0.4'),
];

describe('pod network of kind’s nodes', () => {
  const program = (index: number) => {
    const subnets = podSubnets(nodes);
    return podNetworkProgram(subnets[index] as (typeof subnets)[number], subnets).split('\n');
  };

  it('leads from each node to the pods of every other one, by that node’s address', () => {
    const routes = (index: number) => program(index).filter((line) => line.startsWith('ip route'));
    expect(routes(0)).to.deep.equal([
      'ip route replace 10.244.1.0/24 via 172.18.0.3 dev eth0',
      'ip route replace 10.244.2.0/24 via 172.18.0.4 dev eth0',
    ]);
    expect(routes(1)[0]).to.contain('10.244.0.0/24 via 172.18.0.2');
    expect(routes(1).join()).to.not.contain('10.244.1.0/24');
  });

  it('lets a node’s own pods speak by its address to whatever is no pod', () => {
    const rules = program(1).filter((line) => line.includes('masquerade'));
    expect(rules).to.have.length(1);
    expect(rules[0])
      .to.contain('ip saddr 10.244.1.0/24')
      .and.contain('ip daddr != { 10.244.0.0/24, 10.244.1.0/24, 10.244.2.0/24 }');
  });

  for (const [what, lacking] of [
    ['no pod CIDR', node('w3', undefined, '172.18.0.5')],
    ['no address', node('w3', '10.244.3.0/24', undefined)],
  ] as const) {
    it(`is refused, by name, for a node with ${what}`, () => {
      expect(() => podSubnets([...nodes, lacking]))
        .to.throw(OrdealError)
        .that.includes({ code: 'KIND_NO_POD_SUBNET', exit: 4, tried: 'laying the pod network of w3' });
    });
  }
});
