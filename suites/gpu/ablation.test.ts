import { expect } from 'chai';
import { Plan } from '../../harness/plan/schema.ts';
import { ablation } from './ablation.ts';
import { resolve, settingsOf } from './settings.ts';

describe('the variants of an ablation', () => {
  const plan = resolve(Plan.parse({ profile: 'incident', level: 'smoke' }));
  const variants = ablation.variants(plan);

  it('differ from one another in nothing but their remedies', () => {
    const remedies = variants.map((variant) => JSON.stringify(settingsOf(variant.plan).remedies));
    expect(new Set(remedies).size).to.equal(variants.length);
    for (const variant of variants) {
      expect(settingsOf(variant.plan).settings).to.deep.equal(settingsOf(plan).settings);
      expect(settingsOf(variant.plan).faults?.map(({ kind }) => kind)).to.deep.equal([
        'gpu/bind-delay',
        'load/job-burst',
      ]);
    }
  });

  it('begin with the incident and have the hardened profile among them', () => {
    const as = (profile: string) => settingsOf(resolve(Plan.parse({ profile }))).remedies;
    expect(settingsOf((variants[0] as { plan: Plan }).plan).remedies).to.deep.equal(as('incident'));
    expect(variants.map((variant) => settingsOf(variant.plan).remedies)).to.deep.include(as('hardened'));
  });

  it('keep the faults that the plan itself names', () => {
    const own = resolve(Plan.parse({ suites: [{ faults: [{ kind: 'load/job-burst' }] }] }));
    for (const variant of ablation.variants(own)) expect(settingsOf(variant.plan).faults).to.have.length(1);
  });
});
