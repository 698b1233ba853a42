import { expect } from 'chai';
import { processorFor } from './boot.ts';

describe('the processor of a guest', () => {
  const status = (list: string) =>
    `Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t${list}\nMems_allowed:\t1\n`;

  it('is one that this process may use', () => {
    const chosen = (list: string) => [0, 1, 2, 3].map((pid) => processorFor(status(list), pid));
    expect(chosen('0-1')).to.deep.equal([0, 1, 0, 1]);
    expect(chosen('2,5-6')).to.deep.equal([2, 5, 6, 2]);
    expect(chosen('7')).to.deep.equal([7, 7, 7, 7]);
  });
});
