import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Comparison } from '../../harness/comparison/comparison.ts';
import { ordeal, outFolder } from '../testing/command.ts';
import { pushTarget } from '../testing/pushed.ts';

const SMALL = ['--suite', 'gpu', '--level', 'smoke', '--set', 'suites.0.settings.starts=32'];

function comparisonIn(folder: string): Comparison {
  return Comparison.parse(JSON.parse(readFileSync(join(folder, 'comparison.json'), 'utf8')));
}

describe('`ordeal certify` on embedded', function () {
  this.timeout(480_000);
  let out: string;

  before(() => {
    out = outFolder();
  });

  after(() => {
    rmSync(out, { recursive: true, force: true });
  });

  it('finds a cluster no worse than itself, and says of what too little was seen', async () => {
    const sides = ['--baseline', 'embedded', '--candidate', 'embedded'];
    const gateway = await pushTarget();
    const told = ['--out', join(out, 'same'), '--metrics', gateway.url];
    const { code, output } = await ordeal('certify', ...sides, ...SMALL, ...told);
    gateway.close();
    expect(code, output).to.equal(2);
    const runs = [...gateway.runs.keys()].map((run) => run.replace(/^\w+-\w+-/, ''));
    expect(runs, output).to.deep.equal(['baseline-1', 'candidate-1']);
    const { requirements } = comparisonIn(join(out, 'same'));
    for (const { candidate, standing } of requirements) {
      expect(candidate, output).to.equal('pass');
      expect(standing, output).to.not.equal('worse');
    }
  });

  it('refuses a candidate that binds slower, with exit 1, against a past run', async () => {
    const slower = 'suites.0.settings.bindLatency=[500, 600]';
    const baseline = join(out, 'same', 'baseline');
    const sides = ['--baseline', baseline, '--candidate', 'embedded', '--candidate-set', slower];
    const { code, output } = await ordeal('certify', ...sides, '--out', join(out, 'slower'));
    expect(code, output).to.equal(1);
    const comparison = comparisonIn(join(out, 'slower'));
    const bind = comparison.requirements.find(({ id }) => id === 'GPU-4');
    expect(bind?.standing, output).to.equal('worse');
    expect(bind?.figures[0]?.difference).to.be.within(200, 600);
    expect(comparison.candidateSet).to.deep.equal([slower]);
  });

  it('refuses runs of different plans by what differs, unless it is named', async () => {
    const [baseline, candidate] = [join(out, 'same', 'baseline'), join(out, 'slower', 'candidate')];
    const sides = ['--baseline', baseline, '--candidate', candidate];
    const refused = await ordeal('certify', ...sides, '--out', join(out, 'past'));
    expect(refused.code, refused.output).to.equal(3);
    expect(refused.output).to.match(/PLANS_DIFFER.*suites\.0\.settings\.bindLatency\.0 \(500, and not 200\)/);
    const named = ['--candidate-set', 'suites.0.settings.bindLatency=[500, 600]'];
    expect((await ordeal('certify', ...sides, ...named, '--out', join(out, 'past'))).code).to.equal(1);
  });

  it('refuses to compare a run with itself', async () => {
    const baseline = join(out, 'same', 'baseline');
    const sides = ['--baseline', baseline, '--candidate', baseline];
    const { code, output } = await ordeal('certify', ...sides, '--out', join(out, 'itself'));
    expect(code, output).to.equal(3);
    expect(output).to.match(/RUN_REPEATED.*are one run/);
  });

  it('refuses a side that is neither a folder nor a cluster', async () => {
    const { code, output } = await ordeal('certify', '--baseline', 'nowhere', '--candidate', 'embedded');
    expect(code).to.equal(3);
    expect(output).to.match(/CERTIFY_USAGE.*nowhere/);
  });
});
