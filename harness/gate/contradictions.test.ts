import { expect } from 'chai';
import { verdictOf } from '../verdict/testing/sample.ts';
import { Verdict } from '../verdict/verdict.ts';
import { underAnotherPlan } from './contradictions.ts';

describe('a run that is judged again by another plan', () => {
  const otherwise = ['plan.yaml has level smoke, and its history release'];

  it('is certified by none but its own, and says what differs', () => {
    expect(underAnotherPlan(verdictOf(), [])).to.deep.equal(verdictOf());
    const judged = Verdict.parse(underAnotherPlan(verdictOf(), otherwise));
    expect(judged.verdict).to.equal('inconclusive');
    expect(judged.summary).to.equal(`Inconclusive: ${otherwise[0]}`);
    expect(judged.reasons).to.deep.equal(otherwise);
  });

  it('stays refused, and says so first', () => {
    const refused = verdictOf({ verdict: 'fail', summary: 'Refused', reasons: ['GPU-1 failed'] });
    const judged = underAnotherPlan(refused, otherwise);
    expect(judged).to.include({ verdict: 'fail', summary: 'Refused' });
    expect(judged.reasons).to.deep.equal(['GPU-1 failed', ...otherwise]);
  });
});
