import { expect } from 'chai';
import { ManualClock } from '../../harness/clock/testing/manual-clock.ts';
import { memoryRecorder } from '../../harness/history/writer.ts';
import type { RunningProgram } from '../programs.ts';
import { brokerControl } from './cloud-control.ts';

describe('the control of the cloud’s broker', () => {
  const clock = new ManualClock();

  it('orders the broker up also where it is up, and an order to go down is yet to be carried out', async () => {
    const recorder = memoryRecorder(clock);
    const orders: object[] = [];
    const program = { order: (order: object) => orders.push(order) } as unknown as RunningProgram;
    const broker = brokerControl(program, recorder, clock);
    recorder.record('cloud', 'ledger.cloud.broker', { up: true });
    await broker.turn(true);
    expect(orders).to.deep.equal([]);
    const late = broker.turn(false).catch((error: { code: string }) => error.code);
    await clock.advance(60_000);
    expect(await late).to.equal('WAIT_DEADLINE');
    await broker.turn(true);
    expect(orders).to.deep.equal([{ broker: 'down' }, { broker: 'up' }]);
  });
});
