import { expect } from 'chai';
import { paceMs } from './pace.ts';

describe('the pace of looks at someone’s cluster', () => {
  it('is what was asked for a few objects, and lists at most 200 a second', () => {
    expect(paceMs(3, 250)).to.equal(250);
    expect(paceMs(1_000, 250)).to.equal(5_000);
    expect(paceMs(1_000, 1_000)).to.equal(5_000);
  });
});
