import { expect } from 'chai';
import { few } from './words.ts';

describe('a list in a message', () => {
  it('names a few, and of a thousand how many more', () => {
    expect(few(['a', 'b'])).to.equal('a, b');
    expect(few([])).to.equal('');
    const thousand = Array.from({ length: 1_000 }, (_, index) => `n${index}`);
    expect(few(thousand, '; ')).to.equal('n0; n1; n2; n3, and 996 more');
  });
});
