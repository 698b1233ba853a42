import { expect } from 'chai';
import { systemClock } from '../clock/clock.ts';
import { EXIT } from '../errors/error.ts';
import type { EngineEvents } from '../history/event.ts';
import { memoryRecorder } from '../history/writer.ts';
import { handOutcome } from './hand-outcome.ts';

type Step = { [T in keyof EngineEvents]: [T, EngineEvents[T]] }[keyof EngineEvents];

const names = { fault: 'by-hand-r/f', kind: 'gpu/device-unhealthy', target: 'gpu of worker-1' };
const injecting: Step = ['fault.injecting', { ...names, mechanism: 'the agent' }];
const injected: Step = ['fault.injected', { ...names, mechanism: 'the agent', detail: null }];
const bit: Step = ['fault.bit', { fault: names.fault, bit: true, evidence: '6 of 8' }];
const healing: Step = ['fault.healing', { fault: names.fault }];
const healed: Step = ['fault.healed', { fault: names.fault, healed: true, evidence: '8 of 8' }];
const lapsed: Step = ['fault.lapsed', { fault: names.fault, evidence: 'not heard of in time' }];
const whole = [injecting, injected, bit, healing, healed];

function outcome(steps: readonly Step[], ended: Partial<Parameters<typeof handOutcome>[1]> = {}) {
  const recorder = memoryRecorder(systemClock);
  for (const [type, body] of steps) recorder.record('fault', type, body);
  const { exit, lines } = handOutcome(recorder.events, { left: undefined, interrupted: false, ...ended });
  return { exit, said: lines.join('\n') };
}

describe('a fault by hand comes to', () => {
  it('exit 0 where it bit and was seen to be gone', () => {
    expect(outcome(whole)).to.deep.equal({
      exit: EXIT.certified,
      said: 'gpu/device-unhealthy on gpu of worker-1: bit (6 of 8), healed (8 of 8)',
    });
  });

  it('exit 130 where a signal came first', () => {
    expect(outcome(whole, { interrupted: true }).exit).to.equal(EXIT.interrupted);
  });

  const doubts: [string, Step[], RegExp][] = [
    [
      'was not injected',
      [['fault.refused', { ...names, reason: 'no knob' }]],
      /not injected: refused: no knob/,
    ],
    ['did not bite', [injecting, injected, healing, healed], /did not bite \(no bite was recorded\)/],
    ['was not healed', whole.slice(0, 4), /NOT HEALED \(no heal was recorded\)/],
    [
      'was not there all the time',
      [injecting, injected, bit, lapsed, healing, healed],
      /bit \(6 of 8\), WAS NOT THERE ALL THE TIME \(not heard of in time\), healed \(8 of 8\)$/,
    ],
    [
      'went with its target',
      [
        ...whole.slice(0, 4),
        ['fault.healed', { fault: names.fault, healed: true, vanished: true, evidence: 'no worker-1' }],
      ],
      /VANISHED WITH ITS TARGET \(no worker-1\)/,
    ],
  ];
  for (const [what, steps, words] of doubts) {
    it(`exit 2 where it ${what}`, () => {
      const { exit, said } = outcome(steps);
      expect(exit, said).to.equal(EXIT.inconclusive);
      expect(said).to.match(words);
    });
  }

  it('exit 2 where it lapsed before a signal came', () => {
    const steps = [injecting, injected, bit, lapsed, healing, healed];
    expect(outcome(steps, { interrupted: true }).exit).to.equal(EXIT.inconclusive);
  });

  it('exit 2 where the cluster is not as it was found', () => {
    const left = { compared: 2, ours: ['worker-1 has a label more'], others: [] };
    const { exit, said } = outcome(whole, { left });
    expect(exit).to.equal(EXIT.inconclusive);
    expect(said).to.match(/not as it was found: worker-1 has a label more/);
    expect(outcome(whole, { left: { ...left, ours: [] } })).to.deep.include({ exit: EXIT.certified });
  });
});
