import { expect } from 'chai';
import { Plan } from '../harness/plan/schema.ts';
import type { Forecast } from '../harness/radius/forecast.ts';
import { forecastOf } from './edge/forecast.ts';
import { LINK_FAULTS } from './edge/link-faults.ts';
import { scheduleOf as edgeSchedule } from './edge/schedule.ts';
import { resolve as resolveEdge } from './edge/settings.ts';
import { forecast as gpuForecast } from './gpu/forecast.ts';
import { scheduleOf as gpuSchedule } from './gpu/schedule.ts';
import { nodeSettings, resolve as resolveGpu, settingsOf } from './gpu/settings.ts';

const INTERFERENCE = 'network/interference';

/** All that a plan of this seed comes to before its run: what is held, on what, and how, and the fake nodes' settings. */
const plans: Record<string, (seed: number) => unknown> = {
  gpu: (seed) => {
    const plan = resolveGpu(Plan.parse({ seed, suites: [{ name: 'gpu' }] }));
    const { remedies, settings } = settingsOf(plan);
    const nodes = [0, 1, 2].map((index) => nodeSettings(settings, remedies, plan.seed + index));
    return { schedule: gpuSchedule(plan), forecast: told(gpuForecast(plan)), nodes };
  },
  edge: (seed) => {
    const faults = [{ kind: INTERFERENCE }, { kind: 'network/partition' }, { kind: INTERFERENCE }];
    const plan = resolveEdge(Plan.parse({ seed, suites: [{ name: 'edge', faults }] }));
    return { schedule: edgeSchedule(plan, LINK_FAULTS), forecast: told(forecastOf(plan, LINK_FAULTS)) };
  },
};

const told = ({ faults }: Forecast) => faults.map(({ id, kind, target }) => ({ id, kind, target }));

describe('the seed of a plan', () => {
  for (const [name, of] of Object.entries(plans)) {
    it(`is all that what suite ${name} does is drawn from`, () => {
      for (const seed of [0, 1, 12_345]) expect(of(seed)).to.deep.equal(of(seed));
      expect(of(1)).not.to.deep.equal(of(100));
    });

    it(`changes what is drawn in suite ${name}, and neither what is held nor on what`, () => {
      const { forecast: one } = of(1) as { forecast: unknown };
      const { forecast: other } = of(100) as { forecast: unknown };
      expect(other).to.deep.equal(one);
    });
  }

  it('draws another weather for each fault that has one, unless it says which', () => {
    const seeds = (seed: number, given: object = {}) =>
      edgeSchedule(
        Plan.parse({
          seed,
          suites: [
            {
              name: 'edge',
              faults: [
                { kind: INTERFERENCE, with: given },
                { kind: INTERFERENCE, with: given },
              ],
            },
          ],
        }),
        LINK_FAULTS,
      ).map(({ parameters }) => (parameters as { seed: number }).seed);
    expect(seeds(1)).to.deep.equal([1, 2]);
    expect(seeds(40)).to.deep.equal([40, 41]);
    expect(seeds(40, { seed: 7 })).to.deep.equal([7, 7]);
  });

  it('makes each fake node’s associations their own', () => {
    const { nodes } = (plans.gpu as (seed: number) => unknown)(40) as { nodes: { seed: number }[] };
    expect(nodes.map(({ seed }) => seed)).to.deep.equal([40, 41, 42]);
  });
});
