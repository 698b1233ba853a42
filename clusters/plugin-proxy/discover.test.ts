import { expect } from 'chai';
import fc from 'fast-check';
import { servedBy } from './discover.ts';

const RESOURCE = 'nvidia.com/gpu';
const ids = fc.uniqueArray(fc.uuid(), { minLength: 1, maxLength: 8 });

describe('the plugin of a resource', () => {
  it('is the one that lists every device that the kubelet has registered', () => {
    fc.assert(
      fc.property(ids, ids, fc.nat(8), (own, others, lost) => {
        fc.pre(!own.some((id) => others.includes(id)));
        const plugins = [
          { endpoint: 'other.sock', devices: others },
          { endpoint: 'vendor.sock', devices: own },
        ];
        // An unhealthy device is listed and not registered.
        const registered = own.slice(0, Math.max(1, own.length - lost));
        expect(servedBy(RESOURCE, registered, plugins)).to.deep.equal({ endpoint: 'vendor.sock' });
        expect(servedBy(RESOURCE, [...own, others[0] as string], plugins)).to.have.property('reason');
      }),
    );
  });

  it('is none where two list the same devices, where none does, and where nothing is registered', () => {
    const two = ['a.sock', 'b.sock'].map((endpoint) => ({ endpoint, devices: ['0', '1'] }));
    expect(servedBy(RESOURCE, ['0'], two)).to.deep.equal({
      reason: `a.sock, b.sock all list the devices registered for ${RESOURCE}; name one as its plugin`,
    });
    expect(servedBy(RESOURCE, ['2'], two)).to.deep.equal({
      reason: `no plugin lists the devices registered for ${RESOURCE} (plugins that answer: a.sock, b.sock)`,
    });
    for (const registered of [undefined, []]) {
      expect(servedBy(RESOURCE, registered, two)).to.deep.equal({
        reason: `the kubelet has no device registered for ${RESOURCE}`,
      });
    }
  });
});
