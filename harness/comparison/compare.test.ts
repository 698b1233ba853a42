import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { chance } from '../verdict/testing/simulation.ts';
import { type ComparedRun, compare } from './compare.ts';
import { Comparison, comparisonJsonSchema } from './comparison.ts';
import type { Series, SeriesOf } from './series.ts';
import { NATURE, type Nature, runOf, seriesOf } from './testing/sample.ts';

function compared(
  baseline: readonly ComparedRun[],
  candidate: readonly ComparedRun[],
  margins: Record<string, number> = {},
  rounds = 1_999,
): Comparison {
  const sides = { baseline: { name: 'A', runs: baseline }, candidate: { name: 'B', runs: candidate } };
  return Comparison.parse(compare({ ...sides, candidateSet: [], margins, seed: 1, rounds }));
}

function figuresOf({ requirements }: Comparison) {
  return Object.fromEntries((requirements[0]?.figures ?? []).map((figure) => [figure.name, figure]));
}

/** One contest of so many repetitions a side, its luck its own. */
function drawn(seed: number, candidate: Partial<Nature>, repetitions: number, margin = 1e-6): Comparison {
  const next = chance(seed);
  const side = (nature: Nature) =>
    Array.from({ length: repetitions }, () => runOf(seriesOf(next, nature, margin)));
  return compared(side(NATURE), side({ ...NATURE, ...candidate }), {}, 499);
}

const clean = (of: number): Series => ({
  ...{ requirement: 'GPU-1', name: 'failing', unit: '%', margin: 2, kind: 'trials', independent: true },
  blocks: [{ bad: 0, of }],
});
const values = (blocks: readonly (readonly number[])[], margin = 50): SeriesOf<'values'> => ({
  ...{ requirement: 'GPU-1', name: 'p50', unit: 'ms', margin, kind: 'values', quantile: 0.5 },
  blocks,
});
const spreadOut = (from: number, blocks = 12) =>
  Array.from({ length: blocks }, (_, index) => [from + index, from + 2 * index, from + 3 * index]);

describe('a comparison', function () {
  this.timeout(120_000);

  it('raises a false alarm over anything in at most one of twenty, where nothing differs', () => {
    const runs = 120;
    for (const repetitions of [1, 6]) {
      let alarms = 0;
      for (let seed = 1; seed <= runs; seed++) {
        const { requirements } = drawn(seed, {}, repetitions);
        if (requirements[0]?.figures.some(({ standing }) => standing === 'worse' || standing === 'better'))
          alarms += 1;
      }
      // With a true rate of 5 % more than ten of 120 come in 4 % of all cases; the seeds are fixed.
      expect(alarms, `${repetitions} repetitions`).to.be.at.most(10);
    }
  });

  it('finds what was planted, every time, and names it', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const found = figuresOf(drawn(seed, { delayMs: 300, failing: 0.25, disconnects: 150 }, 1));
      for (const name of ['p50', 'p99', 'failing', 'disconnects'])
        expect(found[name]?.standing, `${name} ${seed}`).to.equal('worse');
      expect(found.p50?.interval?.lower).to.be.above(200);
      const back = drawn(seed, { delayMs: -150 }, 1);
      expect(figuresOf(back).p50?.standing).to.equal('better');
    }
  });

  it('calls a difference as large as the margin the same in at most one of twenty', () => {
    let same = 0;
    const runs = 120;
    for (let seed = 1; seed <= runs; seed++) {
      const { p50 } = figuresOf(drawn(seed, { delayMs: 20 }, 1, 20));
      if (p50?.standing === 'same' || p50?.standing === 'better') same += 1;
    }
    expect(same).to.be.at.most(10);
  });

  it('is a pass where all is shown to be the same, and exact about what it rests on', () => {
    const comparison = compared([runOf([clean(300)])], [runOf([clean(300)])]);
    expect(comparison).to.include({ verdict: 'pass' });
    expect(comparison.requirements[0]).to.include({ standing: 'same', notWorse: true });
    const { failing } = figuresOf(comparison);
    expect(failing).to.include({ test: 'fisher', pValue: 1, adjusted: 1, difference: 0 });
    expect(failing?.candidate).to.deep.equal({ figure: 0, samples: 300 });
    expect(failing?.interval?.upper).to.be.within(1, 2);
  });

  it('is never the same for want of samples', () => {
    for (const few of [[clean(40)], [values(spreadOut(200, 3))], [values([[1]])], []]) {
      const comparison = compared([runOf(few)], [runOf(few)]);
      expect(comparison.verdict).to.equal('inconclusive');
      expect(comparison.requirements[0]).to.include({ standing: 'unknown', notWorse: false });
    }
    expect(figuresOf(compared([runOf([clean(40)])], [runOf([clean(40)])])).failing?.reason).to.match(
      /it may be worse by more than the margin; about \d+ repetitions would tell/,
    );
  });

  it('is the same within the margin though it surely differs, and another margin says otherwise', () => {
    const sides = [[runOf([values(spreadOut(200))])], [runOf([values(spreadOut(230))])]] as const;
    const wide = figuresOf(compared(...sides, { 'GPU-1': 80 })).p50;
    expect(wide).to.include({ standing: 'same', margin: 80 });
    expect(wide?.pValue).to.be.below(0.05);
    expect(figuresOf(compared(...sides, { 'GPU-1': 5 })).p50).to.include({
      standing: 'worse',
      notWorse: false,
    });
    expect(compared(...sides, { 'GPU-1': 5 }).verdict).to.equal('fail');
  });

  it('is a pass where it is unknown whether better or the same, for it is not worse', () => {
    const better = compared([runOf([values(spreadOut(230))])], [runOf([values(spreadOut(200))])], {
      'GPU-1': 31,
    });
    expect(better.requirements[0]).to.include({ standing: 'unknown', notWorse: true });
    expect(better.verdict).to.equal('pass');
  });

  it('refuses a candidate that fails, newly or as the baseline does, whatever its figures', () => {
    const failing = runOf([clean(300)], { verdict: 'fail' }, { verdict: 'fail' });
    const newly = compared([runOf([clean(300)])], [failing]);
    expect(newly.verdict).to.equal('fail');
    expect(newly.summary).to.match(/GPU-1 .* fails, which the baseline does not/);
    const both = compared([failing], [failing]);
    expect(both.verdict).to.equal('fail');
    expect(both.summary).to.match(/GPU-1 .* fails, as the baseline does/);
    expect(compared([failing], [runOf([clean(300)])]).verdict).to.equal('pass');
  });

  it('refuses a candidate that met every requirement and did not leave its cluster as it was found', () => {
    const left = { compared: 3, ours: ['Namespace ordeal-x is still there'], others: [] };
    const changed = runOf([clean(300)], {}, { verdict: 'fail', left });
    const comparison = compared([runOf([clean(300)])], [runOf([clean(300)]), changed]);
    expect(comparison.verdict).to.equal('fail');
    expect(comparison.summary).to.contain('Namespace ordeal-x is still there');
  });

  it('knows nothing of a requirement, or of a run, that is inconclusive on a side', () => {
    const requirement = runOf([clean(300)], { verdict: 'inconclusive' });
    const run = runOf([clean(300)], {}, { verdict: 'inconclusive', reasons: ['the run was interrupted'] });
    for (const doubtful of [requirement, run]) {
      for (const sides of [
        [[doubtful], [runOf([clean(300)])]],
        [[runOf([clean(300)])], [doubtful]],
      ] as const)
        expect(compared(...sides).verdict).to.equal('inconclusive');
    }
    const cut = runOf([clean(300)], { verdict: 'fail' }, { verdict: 'inconclusive', reasons: ['cut'] });
    expect(compared([runOf([clean(300)])], [cut]).verdict).to.equal('inconclusive');
  });

  it('takes a run for what is sampled from six repetitions on, and says what fewer leave open', () => {
    const runs = (count: number) => Array.from({ length: count }, () => runOf([values(spreadOut(200))]));
    const few = compared(runs(5), runs(5));
    expect(figuresOf(few).p50?.sampledBy).to.equal('block');
    expect(few.notes[0]).to.match(/fewer than 6 runs a side/);
    const many = compared(runs(6), runs(6));
    expect(figuresOf(many).p50?.sampledBy).to.equal('run');
    expect(many.notes).to.deep.equal([]);
  });

  it('leaves out what the plan leaves out', () => {
    const skipped = runOf([clean(300)], { skipped: true, verdict: 'inconclusive' });
    const { requirements, verdict } = compared([skipped], [skipped]);
    expect(requirements[0]?.skipped).to.equal(true);
    expect(verdict).to.equal('inconclusive');
  });

  it('has the JSON Schema that comparison.schema.json publishes', () => {
    const published = readFileSync(new URL('comparison.schema.json', import.meta.url), 'utf8');
    expect(JSON.parse(published)).to.deep.equal(comparisonJsonSchema());
  });
});
