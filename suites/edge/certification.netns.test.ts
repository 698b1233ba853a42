import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { declareCertification, isolation } from './testing/certifies.ts';

declareCertification(isolation('netns', 'real-kernel'));

describe('edge certification, isolation netns', () => {
  it('has left no namespace', () => {
    expect(readdirSync('/run/netns').filter((name) => name.startsWith('ordeal-'))).to.deep.equal([]);
  });
});
