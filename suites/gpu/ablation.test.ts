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

describe('the pairs of an ablation', () => {
  const plan = resolve(Plan.parse({ profile: 'incident', level: 'smoke' }));
  const variants = ablation.pairs?.variants(plan) ?? [];
  const remedies = (variant: { plan: Plan }) => settingsOf(variant.plan).remedies;

  it('are none, each alone, every two that go together, and the hardened profile', () => {
    const ofSize = (count: number) => variants.slice(0, -1).filter((each) => each.remedies.length === count);
    expect([0, 1, 2].map((count) => ofSize(count).length)).to.deep.equal([1, 7, 20]);
    const as = (profile: string) => settingsOf(resolve(Plan.parse({ profile }))).remedies;
    expect(remedies(variants[0] as { plan: Plan })).to.deep.equal(as('incident'));
    expect(remedies(variants.at(-1) as { plan: Plan })).to.deep.equal(as('hardened'));
  });

  it('differ from one another, each by what it is called', () => {
    expect(new Set(variants.map((variant) => JSON.stringify(remedies(variant)))).size).to.equal(
      variants.length,
    );
    const pair = variants.find((each) => each.remedies.join() === 'timeout with retry,quota');
    expect(pair && remedies(pair)).to.include({ timeoutRetry: true, quota: 'auto', workerPool: false });
  });
});
