import { expect } from 'chai';
import { memoryRecorder } from '../../harness/history/writer.ts';
import { Intake } from './intake.ts';
import { machineClock } from './workload/program.ts';

const line = (n: number, more: object = {}) =>
  JSON.stringify({ epoch: 'e', n, at: 1, mono: 2, type: 'cloud.broker', up: true, ...more });

describe('intake of ledgers', () => {
  it('takes a line once, however often a log is read', () => {
    const recorder = memoryRecorder(machineClock);
    const intake = new Intake(recorder);
    for (const n of [0, 1, 0, 1, 2]) intake.take('pod/n/p', line(n));
    expect(recorder.events.map(({ type, body }) => [type, (body as { n: number }).n])).to.deep.equal([
      ['ledger.cloud.broker', 0],
      ['ledger.cloud.broker', 1],
      ['ledger.cloud.broker', 2],
    ]);
  });

  it('tells a torn line, once, and passes over what is no ledger', () => {
    const recorder = memoryRecorder(machineClock);
    const intake = new Intake(recorder);
    for (let time = 0; time < 2; time++) {
      intake.take('pod/n/p', line(0).slice(0, 20));
      intake.take('pod/n/p', line(1, { up: 'perhaps' }));
      intake.take('pod/n/p', '(node:1) Warning: something');
    }
    expect(recorder.events.map(({ type }) => type)).to.deep.equal(['ledger.unreadable', 'ledger.unreadable']);
  });
});
