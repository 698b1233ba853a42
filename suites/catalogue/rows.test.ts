import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { openNetwork } from '../../clusters/network/open.ts';
import { OrdealError } from '../../harness/errors/error.ts';
import { Plan } from '../../harness/plan/schema.ts';
import { runSpecs } from '../../harness/run/mocha-runner.ts';
import { judge } from '../../harness/verdict/judge.ts';
import { forecast } from './forecast.ts';
import { listing } from './listing.ts';
import { ROWS } from './rows.ts';
import { faultIdOf, resourceOf } from './scenario.ts';
import { SCENARIOS } from './scenarios/all.ts';
import { resolve } from './settings.ts';
import { catalogueSuite } from './suite.ts';

const catalogue = catalogueSuite(openNetwork);

const planOf = (...scenarios: string[]) =>
  Plan.parse({ suites: [{ name: 'catalogue', settings: { scenarios } }] });

describe('the failure catalogue', () => {
  it('has every row, once and in order', () => {
    const rows = (letter: string, last: number) =>
      Array.from({ length: last + 1 }, (_, index) => `${letter}${index}`);
    expect(ROWS.map(({ id }) => id)).to.deep.equal([...rows('G', 16), ...rows('N', 4)]);
  });

  it('has a scenario for each row that says so, with the same needs, and for no other', () => {
    const built = ROWS.filter(({ heldBy }) => heldBy.by === 'scenario');
    expect(SCENARIOS.map(({ id }) => id)).to.deep.equal(built.map(({ id }) => id));
    expect(SCENARIOS.map(({ needs }) => needs)).to.deep.equal(built.map(({ needs }) => needs));
  });

  it('says of every row that is no scenario what holds it', () => {
    for (const { built, heldBy, id } of listing()) {
      if (!built) expect(heldBy, id).to.match(/^(suite (gpu|edge): (GPU|EDGE)-\d|every run: )/);
    }
  });

  it('names tests that are there', () => {
    for (const { heldBy } of ROWS)
      if (heldBy.by === 'engine')
        for (const test of heldBy.tests) expect(existsSync(test), test).to.equal(true);
  });

  it('names its references as they can be looked up', () => {
    for (const { references } of ROWS)
      for (const reference of references) expect(reference).to.match(/^[\w.-]+\/[\w.-]+#\d+$/);
  });

  it('forecasts a fault of its own for each row, that reaches one node and its own resource', () => {
    const plan = resolve(planOf(...SCENARIOS.map(({ id }) => id)));
    const { faults } = forecast(plan);
    expect(faults.map(({ id }) => id)).to.deep.equal(SCENARIOS.map(({ id }) => faultIdOf(id)));
    for (const [index, { reach }] of faults.entries()) {
      expect(reach.nodes).to.have.length(1);
      const { id = '', needs = [] } = SCENARIOS[index] ?? {};
      if (needs.includes('plugin-sockets')) expect(reach.resources, id).to.include(resourceOf(id));
    }
  });

  for (const [what, scenarios, message] of [
    ['a row that there is not', ['G99'], /suites\.0\.settings\.scenarios\.0.*G1, G3, G4.*got G99/s],
    ['a row that a suite holds, and says which', ['G0'], /held by suite gpu: GPU-1/],
    ['no row', [], /suites\.0\.settings\.scenarios/],
    ['a row twice', ['G4', 'G4'], /expected each row once/],
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(() => resolve(planOf(...scenarios)))
        .to.throw(OrdealError, message)
        .with.property('code', 'PLAN_INVALID');
    });
  }

  it('refuses a plan that names no rows at all', () => {
    expect(() => resolve(Plan.parse({ suites: [{ name: 'catalogue' }] }))).to.throw(
      OrdealError,
      /suites\.0\.settings\.scenarios/,
    );
  });

  it('refuses to look for less time than a real kubelet takes to tell', () => {
    const settings = { scenarios: ['G7'], stays: '10s', withheld: '1s' };
    const on = (provider: string) =>
      resolve(Plan.parse({ cluster: { provider }, suites: [{ name: 'catalogue', settings }] }));
    expect(() => on('embedded')).not.to.throw();
    for (const path of ['stays', 'withheld'])
      expect(() => on('kind')).to.throw(
        new RegExp(`suites\\.0\\.settings\\.${path}: expected more than 10 s`),
      );
  });

  it('shows each row of a plan as a test of its own', async () => {
    const plan = resolve(planOf('G7', 'G4'));
    const verdict = judge({ history: [], suites: [catalogue], plan, truncated: false });
    const tests = await runSpecs({ suites: [catalogue], plan, verdict });
    expect(tests.map(({ path, state }) => [path.at(-1), state])).to.deep.equal([
      ['G7 late disconnect', 'inconclusive'],
      ['G4 kubelet restart, registration withheld', 'inconclusive'],
    ]);
  });

  it('takes the remedy of the profile', () => {
    const remedies = (profile: 'incident' | 'hardened') =>
      resolve({ ...planOf('G9'), profile }).suites[0]?.remedies;
    const all = (on: boolean) => ({
      supervisor: on,
      healthCheck: on,
      declaredDevices: on,
      stableIds: on,
      awaitsBinding: on,
      offloadOff: on,
    });
    expect(remedies('hardened')).to.deep.equal({ ...all(true), gate: 'every' });
    expect(remedies('incident')).to.deep.equal({ ...all(false), gate: 'capacity' });
  });
});
