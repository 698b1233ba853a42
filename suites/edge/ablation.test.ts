import { expect } from 'chai';
import { Plan } from '../../harness/plan/schema.ts';
import type { Verdict } from '../../harness/verdict/verdict.ts';
import { ablation } from './ablation.ts';
import { resolve, settingsOf } from './settings.ts';

describe('the variants of an ablation of the edge', () => {
  const part = (profile: string) => resolve(Plan.parse({ profile, suites: [{ name: 'edge' }] }));
  const variants = ablation.variants(part('incident'));
  const remedies = variants.map(({ plan }) => settingsOf(plan).remedies);

  it('differ from one another in nothing but their remedies', () => {
    expect(new Set(remedies.map((each) => JSON.stringify(each))).size).to.equal(variants.length);
    for (const { plan } of variants)
      expect(settingsOf(plan).settings).to.deep.equal(settingsOf(part('incident')).settings);
  });

  it('begin with the incident and have the hardened profile among them', () => {
    expect(remedies[0]).to.deep.equal(settingsOf(part('incident')).remedies);
    expect(remedies).to.deep.include(settingsOf(part('hardened')).remedies);
  });
});

describe('a row of an ablation of the edge', () => {
  const cells = (requirement: object) =>
    ablation.columns.map(({ cell }) => cell([], { requirements: [requirement] } as unknown as Verdict));
  const longest = { id: 'EDGE-1', comparison: '<=', threshold: 10, unit: 's' };

  it('has the figure, marked where it misses what is required, whatever the sample size', () => {
    expect(cells({ ...longest, measured: 12.204, verdict: 'fail' })[0]).to.equal('12.2 s ✗');
    expect(cells({ ...longest, measured: 0.5, verdict: 'inconclusive' })[0]).to.equal('0.5 s');
  });

  it('has a dash where nothing was measured', () => {
    expect(cells({ ...longest, measured: null, verdict: 'inconclusive' })).to.deep.equal([
      '–',
      '–',
      '–',
      '–',
      '–',
    ]);
  });
});
