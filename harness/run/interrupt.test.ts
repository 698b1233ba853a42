import { expect } from 'chai';
import { systemClock } from '../clock/clock.ts';
import { OrdealError } from '../errors/error.ts';
import { interruptible } from './interrupt.ts';

describe('what interrupts a run', () => {
  it('is waited for by as many at once as there are nodes, without a warning of a leak', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    const interrupt = interruptible(60_000, () => undefined);
    try {
      await Promise.all(Array.from({ length: 50 }, () => systemClock.sleep(1, interrupt.signal)));
    } finally {
      interrupt.release();
      process.off('warning', onWarning);
    }
    expect(warnings).to.deep.equal([]);
  });

  it('is the deadline as well, with what to do', async () => {
    const interrupt = interruptible(1, () => undefined);
    const reason = await systemClock.sleep(60_000, interrupt.signal).catch(() => interrupt.signal.reason);
    interrupt.release();
    expect(reason).to.be.instanceOf(OrdealError).with.property('code', 'DEADLINE');
  });
});
