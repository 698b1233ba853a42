import { expect } from 'chai';
import fc from 'fast-check';
import { parseCheckpoint } from './checkpoint.ts';
import { containerAllocateResponse } from './definition.ts';

const ANSWER = { envs: { KEY: 'value' }, devices: [] };

/** As the kubelet of Kubernetes 1.34 writes it. */
const REAL = JSON.stringify({
  Data: {
    PodDeviceEntries: [
      {
        PodUID: '6f0b0a3e',
        ContainerName: 'main',
        ResourceName: 'nvidia.com/gpu',
        DeviceIDs: { '0': ['GPU-w-0'], '1': ['GPU-w-4'] },
        AllocResp: containerAllocateResponse.serialize(ANSWER).toString('base64'),
      },
    ],
    RegisteredDevices: { 'nvidia.com/gpu': ['GPU-w-0', 'GPU-w-4'], 'example.com/none': null },
  },
  Checksum: 1,
});

describe('a kubelet’s checkpoint', () => {
  it('says who was given what, and what is registered', () => {
    const checkpoint = parseCheckpoint(REAL);
    expect(checkpoint?.registered).to.deep.equal({
      'nvidia.com/gpu': ['GPU-w-0', 'GPU-w-4'],
      'example.com/none': [],
    });
    const [given] = checkpoint?.given ?? [];
    expect(given).to.include({ podUid: '6f0b0a3e', container: 'main', resource: 'nvidia.com/gpu' });
    expect(given?.devices).to.deep.equal(['GPU-w-0', 'GPU-w-4']);
    expect(given?.answer).to.deep.include(ANSWER);
  });

  it('may have nothing in it', () => {
    const empty = '{"Data":{"PodDeviceEntries":null,"RegisteredDevices":null},"Checksum":1}';
    expect(parseCheckpoint(empty)).to.deep.equal({ given: [], registered: {} });
  });

  it('is none in any other text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(parseCheckpoint(text)).to.equal(undefined);
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.nat(REAL.length - 1), (length) => {
        expect(parseCheckpoint(REAL.slice(0, length))).to.equal(undefined);
      }),
    );
  });
});
