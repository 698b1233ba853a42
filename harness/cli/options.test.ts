import { expect } from 'chai';
import { overridesOf, type RunOptions, suiteNames, withScenarios } from './options.ts';

const none = async () => {
  throw new Error('nothing is loaded to name it');
};
const parts = {
  suites: { gpu: none, edge: none, rows: none },
  scenarios: { suite: 'rows', rows: async () => [] },
};
const options = (more: Partial<RunOptions> = {}): RunOptions => ({
  set: [],
  suite: [],
  quiet: true,
  ...more,
});

describe('rows of the catalogue on the command line', () => {
  it('are no suite that runs unless it is asked for', () => {
    expect(suiteNames(parts)).to.deep.equal(['gpu', 'edge']);
    const usual = options({ suite: ['gpu'] });
    expect(withScenarios(parts, usual)).to.equal(usual);
    expect(withScenarios(parts, { ...usual, scenario: [] }).suite).to.deep.equal(['gpu']);
  });

  it('are a suite of the plan whose settings name them, beside others that are asked for', () => {
    const alone = withScenarios(parts, options({ scenario: ['G4', 'G7'] }));
    expect(overridesOf(alone)).to.deep.equal([
      'suites.0.name=rows',
      'suites.0.settings.scenarios=["G4","G7"]',
    ]);
    const beside = withScenarios(parts, options({ suite: ['gpu'], scenario: ['G4'] }));
    expect(overridesOf(beside)).to.deep.equal([
      'suites.0.name=gpu',
      'suites.1.name=rows',
      'suites.1.settings.scenarios=["G4"]',
    ]);
  });

  it('give way to what --set says', () => {
    const set = ['suites.0.settings.scenarios=[G9]'];
    const overrides = overridesOf(withScenarios(parts, options({ scenario: ['G4'], set })));
    expect(overrides.at(-1)).to.equal(set[0]);
  });
});
