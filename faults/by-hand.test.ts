import { expect } from 'chai';
import { OrdealError } from '../harness/errors/error.ts';
import { checkByHand } from './by-hand.ts';
import { CATALOGUE } from './catalogue.ts';

describe('a fault by hand, before any cluster is asked', () => {
  const codeOf = (kind: string, provider: string) => {
    try {
      checkByHand({ kind, with: {}, targets: ['w'], ttlMs: 1_000 }, provider);
      return 'fine';
    } catch (error) {
      return (error as OrdealError).code;
    }
  };

  it('on a cluster that is someone’s is one of its plugin’s calls', () => {
    const fine = CATALOGUE.map(({ kind }) => kind).filter((kind) => codeOf(kind, 'existing') === 'fine');
    expect(fine).to.deep.equal([
      ...['gpu/plugin-delay', 'gpu/plugin-error', 'gpu/plugin-hang', 'gpu/plugin-duplicate'],
      'gpu/plugin-stream-lost',
    ]);
    expect(codeOf('gpu/plugin-restart', 'kind')).to.equal('fine');
    expect(codeOf('gpu/plugin-restart', 'existing')).to.equal('FAULT_NOT_BY_HAND');
  });

  it('is told of what is wrong with it first', () => {
    const wanted = { kind: 'gpu/plugin-delay', with: { delay: '1ms' }, targets: ['w', 'v'], ttlMs: 1_000 };
    expect(() => checkByHand(wanted, 'existing'))
      .to.throw(OrdealError, /delay.*--target/s)
      .that.includes({ code: 'PLAN_INVALID', exit: 3 });
  });
});
