import { expect } from 'chai';
import fc from 'fast-check';
import { remediesOf } from '../settings.ts';
import { DAY_MS, linkLife } from './link.ts';
import { Parameters } from './parameters.ts';
import { fleet, simulate } from './simulate.ts';

const incident = remediesOf('incident');
const hardened = remediesOf('hardened');
const seed = fc.integer({ min: 0, max: 0xffff_ffff });
const few = { numRuns: 8 };

function disconnects(set: unknown, remedies = incident): number {
  return fleet(Parameters.parse(set), remedies).reduce((sum, month) => sum + month.disconnects.length, 0);
}

function lost(set: unknown, remedies = incident): number {
  return fleet(Parameters.parse(set), remedies).reduce((sum, month) => sum + month.lost, 0);
}

describe('the life of a simulated link', () => {
  it('has its troubles in their order, each while interference lasts', () => {
    fc.assert(
      fc.property(seed, fc.constantFrom(4, 8, 24), (drawn, shiftHours) => {
        const parameters = Parameters.parse({ seed: drawn, days: 20, shiftHours });
        const { defects, fades, lossy } = linkLife(parameters, 0);
        for (const spans of [defects, fades, lossy]) {
          const begins = spans.map(({ fromMs }) => fromMs);
          expect(begins).to.deep.equal([...begins].sort((a, b) => a - b));
        }
        for (const { fromMs } of [...defects, ...fades])
          expect(lossy.some((span) => span.fromMs <= fromMs && fromMs <= span.toMs)).to.equal(true);
        const worked = lossy.filter(({ loss }) => loss === parameters.machinery.loss);
        for (const { fromMs, toMs } of worked) {
          const day = Math.floor(fromMs / DAY_MS) * DAY_MS;
          expect(toMs - day).to.be.at.most(shiftHours * 3_600_000);
        }
      }),
      few,
    );
  });
});

describe('a simulated fleet', () => {
  it('lives the same life again from the same seed, and another from another', () => {
    fc.assert(
      fc.property(seed, (drawn) => {
        const parameters = Parameters.parse({ seed: drawn, nodes: 2, days: 10 });
        expect(fleet(parameters, incident)).to.deep.equal(fleet(parameters, incident));
        expect(fleet({ ...parameters, seed: (drawn + 1) >>> 0 }, incident)).to.not.deep.equal(
          fleet(parameters, incident),
        );
      }),
      few,
    );
  });

  it('has delivered, lost or stored all that it published', () => {
    fc.assert(
      fc.property(
        seed,
        fc.integer({ min: 1, max: 45 }),
        fc.constantFrom(incident, hardened),
        (drawn, days, remedies) => {
          for (const month of fleet(Parameters.parse({ seed: drawn, nodes: 1, days }), remedies)) {
            expect(month.delivered + month.lost + month.stored).to.equal(month.published);
            expect(month.published).to.equal(month.days * 864_000);
          }
        },
      ),
      few,
    );
  });

  it('loses nothing over links without defects and fades, whatever it rains', () => {
    const calm = { days: 60, defect: { perRainHour: 0, perMachineryHour: 0 }, fade: { perRainHour: 0 } };
    expect([disconnects(calm), lost(calm)]).to.deep.equal([0, 0]);
  });

  it('is spared the defect by switching the offload off, and nothing else', () => {
    const fadeless = { days: 60, fade: { perRainHour: 0 } };
    expect(disconnects(fadeless, { ...incident, offloadOff: true })).to.equal(0);
    expect(disconnects(fadeless, { ...hardened, offloadOff: false })).to.be.above(500);
  });

  it('has more disconnects and losses the more interference there is', () => {
    const rains = [24, 12, 6, 3].map((hours) => ({ days: 40, rain: { every: `${hours}h` } }));
    const strokes = [60, 20, 5].map((minutes) => ({ days: 40, machinery: { every: `${minutes}m` } }));
    for (const sets of [rains, strokes]) {
      for (const figure of [disconnects, lost]) {
        const figures = sets.map((set) => figure(set));
        expect(figures).to.deep.equal([...figures].sort((a, b) => a - b));
      }
    }
  });

  it('is compared remedy by remedy, and says that it is a model', () => {
    const simulation = simulate(Parameters.parse({ nodes: 2, days: 60 }), [], () => undefined);
    expect(simulation.evidence).to.equal('modelled');
    const row = (name: string) => simulation.rows.find(({ remedies }) => remedies === name);
    const { disconnectsPerDay } = row('offload off')?.bought ?? expect.fail('no row of it');
    expect(disconnectsPerDay.lower).to.be.above(3);
    expect(row('offline store of 10000')).to.deep.include({ lost: 0 });
    expect(row('all but offline store of 10000')?.bought?.lostPercent.figure).to.be.at.least(0);
    for (const {
      disconnectsPerDay: { figure, lower, upper },
    } of simulation.rows)
      expect(figure).to.be.within(lower, upper ?? Number.POSITIVE_INFINITY);
    expect(simulation.headlines.map(({ claim }) => claim)).to.have.length(5);
  });
});
