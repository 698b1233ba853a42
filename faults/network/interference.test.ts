import { expect } from 'chai';
import fc from 'fast-check';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { memoryRecorder } from '../../harness/history/writer.ts';
import { reach } from '../../harness/radius/reach.ts';
import { validated } from '../contract.ts';
import type { Fault, FaultContext } from '../port.ts';
import { InterferenceWith, interference } from './interference.ts';
import { type Interference, weather } from './weather.ts';

const rain = { everyMs: 8_000, lastsMs: 3_000, loss: 5, corrupt: 0, delayMs: 60, jitterMs: 20 };
const machinery = { everyMs: 2_500, lastsMs: 300, loss: 0, corrupt: 30, delayMs: 0, jitterMs: 0 };

describe('weather', () => {
  it('is the same for the same seed, and another for another', () => {
    const draw = (seed: number) => weather({ overMs: 60_000, rain, machinery }, seed);
    expect(draw(7)).to.deep.equal(draw(7));
    expect(draw(7)).to.not.deep.equal(draw(8));
  });

  it('comes in stretches that ascend, do not overlap and stay within their time', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.integer({ min: 1_000, max: 120_000 }), (seed, overMs) => {
        let before = 0;
        for (const { fromMs, toMs } of weather({ overMs, rain, machinery }, seed)) {
          expect(fromMs).to.be.at.least(before);
          expect(toMs).to.be.greaterThan(fromMs).and.at.most(overMs);
          before = toMs;
        }
      }),
    );
  });

  it('is the worse of both where it rains on a running machine', () => {
    const windows = weather({ overMs: 60_000, rain, machinery }, 1);
    expect(windows.some(({ loss, corrupt }) => loss === 5 && corrupt === 30)).to.equal(true);
    expect(windows.some(({ loss, corrupt }) => loss === 5 && corrupt === 0)).to.equal(true);
    expect(windows.some(({ loss, corrupt }) => loss === 0 && corrupt === 30)).to.equal(true);
  });
});

describe('network/interference', () => {
  it('opens each window and closes it, bites when one has, and is gone when it is healed', async () => {
    const recorder = memoryRecorder(systemClock);
    const context = { recorder, clock: systemClock, signal: new AbortController().signal } as FaultContext;
    const standing: Interference[] = [];
    let opened = 0;
    const make = (id: string, like: Interference): Fault => ({
      id,
      kind: 'network/netem',
      target: 'link a',
      reach: reach({ nodes: ['a'] }),
      mechanisms: ['written'],
      capability: async () => ({ ok: true, mechanism: 'written' }),
      healRecord: () => ({ by: 'lifeline', what: 'nothing' }),
      async inject() {
        opened += 1;
        standing.push(like);
      },
      bite: async () => ({ seen: true, evidence: 'it rained' }),
      async heal() {
        standing.length = 0;
      },
      gone: async () => ({ seen: standing.length === 0, evidence: `${standing.length} left` }),
    });
    const parameters = InterferenceWith.parse({
      over: 2_000,
      rain: { every: 200, lasts: 60 },
      machinery: { every: 90, lasts: 20 },
    });
    const fault = validated(interference('rain-1', parameters, make));
    expect(fault.target).to.equal('link a');
    expect(await fault.capability(context)).to.include({ ok: true });
    fault.healRecord();
    await fault.inject(context);
    await waitFor(() => opened >= 4, { what: 'four windows', deadlineMs: 5_000, intervalMs: 5 });
    expect(standing.length).to.be.at.most(1);
    expect((await fault.bite(context, recorder.events)).seen).to.equal(true);
    await fault.heal(context);
    expect((await fault.gone(context)).seen).to.equal(true);
    const before = opened;
    await fault.heal(context);
    expect(opened).to.equal(before);
  });
});
