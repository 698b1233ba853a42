import { expect } from 'chai';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { OrdealError } from '../errors/error.ts';
import { parsePlan } from './load.ts';
import { Plan } from './schema.ts';

function refusal(text: string, overrides: string[] = []): OrdealError {
  try {
    parsePlan(text, 'reading a plan', overrides);
  } catch (error) {
    if (error instanceof OrdealError) return error;
    throw error;
  }
  throw new Error('the plan was accepted');
}

describe('a plan', () => {
  it('has a default for everything', () => {
    const plan = parsePlan('', 'reading nothing');
    expect(plan).to.include({ profile: 'hardened', level: 'standard', seed: 1 });
    expect(plan.suites.map(({ name }) => name)).to.deep.equal(['gpu']);
  });

  it('reads durations as milliseconds', () => {
    expect(parsePlan('deadline: 1.5m', 'x').deadline).to.equal(90_000);
    expect(parsePlan('cluster: {startLatency: 250ms}', 'x').cluster.startLatency).to.equal(250);
  });

  it('reads back as it was resolved', () => {
    const level = fc.constantFrom('smoke', 'standard', 'release');
    fc.assert(
      fc.property(fc.nat(), level, fc.integer({ min: 1, max: 500 }), (seed, chosen, workers) => {
        const plan = Plan.parse({ seed, level: chosen, cluster: { workers } });
        expect(parsePlan(stringify(plan), 'x')).to.deep.equal(plan);
      }),
    );
  });

  it('with mistakes is refused with exit 3, each with its path, its line and what was expected', () => {
    const error = refusal(
      'seed: -1\ncluster:\n  workers: 0\n  colour: blue\nlevel: heroic\ndeadline: soon\n',
    );
    expect(error).to.include({ code: 'PLAN_INVALID', exit: 3 });
    for (const part of [
      /seed \(line 1\)/,
      /cluster\.workers \(line 3\)/,
      /cluster\.colour \(line 4\): unknown/,
      /level \(line 5\): .*smoke/,
      /deadline/,
    ]) {
      expect(error.seen).to.match(part);
    }
  });

  it('that is no YAML is refused with the line', () => {
    expect(refusal('cluster: {workers: 3\nlevel: [').seen).to.match(/line 2/);
  });

  it('takes overrides by path, into maps and lists', () => {
    const plan = parsePlan('level: smoke', 'x', [
      'cluster.workers=5',
      'suites.0.name=gpu',
      'suites.0.settings.hold=1s',
      'level=release',
    ]);
    expect(plan.cluster.workers).to.equal(5);
    expect(plan.level).to.equal('release');
    expect(plan.suites[0]?.settings).to.deep.equal({ hold: '1s' });
  });

  it('refuses an override that is none, or that goes through a value', () => {
    expect(refusal('', ['nonsense']).code).to.equal('PLAN_INVALID');
    expect(refusal('', ['level=smoke', 'level.deeper=1']).seen).to.match(/level is no map/);
  });
});
