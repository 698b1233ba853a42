import { expect } from 'chai';
import { Plan } from '../../../harness/plan/schema.ts';
import { resolve } from '../settings.ts';
import { Story } from '../testing/story.ts';
import { calibrate, type Recorded } from './calibration.ts';
import { Parameters } from './parameters.ts';

const parameters = Parameters.parse({});

/** A run of the incident whose NIC is broken for 12 s, with a disconnect of so long. */
function recorded(dir: string, lastsMs: number): Recorded {
  const fault = { fault: 'offload-defect-1', kind: 'network/offload-defect' };
  const story = new Story()
    .ledger(10, 'cloud', {
      ...{ type: 'cloud.started', clock: 'boot-1', broker: 'aedes', echoes: ['tunnel'] },
    })
    .say(1_000, 'fault.planned', { ...fault, node: 'edge-1', cuts: false, host: false, holdMs: 12_000 })
    .engine(10_000, 'fault.injected', { ...fault, target: 'edge-1', mechanism: 'engine', detail: null })
    .engine(22_000, 'fault.healing', { fault: fault.fault })
    .probe('edge-1', 'tunnel', [0, 40_000], [[10_000, 10_000 + lastsMs]]);
  const plan = resolve(Plan.parse({ profile: 'incident', suites: [{ name: 'edge' }] }));
  return { dir, plan, history: story.events };
}

/** Calibrating and held out in turns, as far as there are of either. */
function runs(calibrating: readonly number[], heldOut: readonly number[]): Recorded[] {
  return calibrating.flatMap((ms, index) => {
    const other = heldOut[index];
    const known = recorded(`known-${index}`, ms);
    return other === undefined ? [known] : [known, recorded(`held-out-${index}`, other)];
  });
}

describe('a calibration', () => {
  it('predicts the disconnects of runs that it did not know, and says which are otherwise', () => {
    const known = [12_100, 12_300, 12_200, 12_150, 12_250];
    const found = calibrate(runs(known, [12_200, 15_000, 12_250, 12_150, 12_300]), parameters);
    expect(found?.calibrating).to.equal(5);
    expect(found?.heldOut.map(({ run, within }) => [run, within])).to.deep.equal([
      ['held-out-0', true],
      ['held-out-1', false],
      ['held-out-2', true],
      ['held-out-3', true],
      ['held-out-4', true],
    ]);
    expect(found?.within.figure).to.equal(80);
    expect(found?.heldOut[0]?.heldMs).to.equal(12_000);
    expect(found?.heldOut[0]?.predicted.lower).to.be.within(11_900, 12_200);
    expect(found?.heldOut[0]?.predicted.upper).to.be.within(12_250, 12_600);
  });

  it('says nothing where too few calibrate, or none is held out', () => {
    expect(calibrate(runs([12_100, 12_200], [12_200, 12_200]), parameters)).to.equal(undefined);
    expect(calibrate([recorded('alone', 12_100)], parameters)).to.equal(undefined);
    expect(calibrate([], parameters)).to.equal(undefined);
  });
});
