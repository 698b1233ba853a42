import { expect } from 'chai';
import { systemClock } from '../clock/clock.ts';
import { memoryRecorder } from '../history/writer.ts';
import type { FaultVerdict } from '../verdict/verdict.ts';
import { caveatsOf } from './ablate.ts';

describe('a row of an ablation', () => {
  const caveats = (outcome: string | undefined, bites: boolean[]) => {
    const recorder = memoryRecorder(systemClock);
    if (outcome) recorder.record('harness', 'run.ended', { outcome });
    const faults = bites.map((bit, index) => ({ id: `f-${index}`, bit })) as FaultVerdict[];
    return caveatsOf(recorder.events, { faults });
  };

  it('stands by itself where the run was whole and every fault bit', () => {
    expect(caveats('done', [true, true])).to.deep.equal([]);
  });

  it('says which faults did not bite, and that a run was cut short', () => {
    expect(caveats('done', [true, false])).to.deep.equal(['without a bite of f-1']);
    for (const outcome of ['failed', undefined])
      expect(caveats(outcome, [true])).to.deep.equal(['the run did not reach its end']);
  });
});
