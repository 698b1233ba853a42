import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { declareCertification } from './testing/certifies.ts';

declareCertification('netns', 'real-kernel');

describe('edge certification, isolation netns', () => {
  it('has left no namespace', () => {
    expect(readdirSync('/run/netns').filter((name) => name.startsWith('ordeal-'))).to.deep.equal([]);
  });
});
