import { expect } from 'chai';
import { ManualClock } from '../clock/testing/manual-clock.ts';
import { Patience } from './patience.ts';

describe('the patience with an API server', () => {
  let clock: ManualClock;
  let patience: Patience;
  beforeEach(() => {
    clock = new ManualClock();
    patience = new Patience(60_000, clock);
  });

  it('is one deadline for all calls that a silent one gets, and little for those after it', async () => {
    expect(patience.begun()).to.equal(60_000);
    await clock.advance(60_000);
    expect(patience.begun()).to.equal(60_000);
    await clock.advance(40_000);
    expect(patience.begun()).to.equal(20_000);
    await clock.advance(20_000);
    expect(patience.begun()).to.equal(5_000);
    await clock.advance(500_000);
    expect(patience.begun()).to.equal(5_000);
  });

  it('is as long as ever after an answer, however long nothing was asked', async () => {
    patience.begun();
    await clock.advance(200_000);
    patience.answered();
    await clock.advance(100_000);
    expect(patience.begun()).to.equal(60_000);
  });

  it('is never longer than a call may take', async () => {
    const short = new Patience(2_000, clock);
    short.begun();
    await clock.advance(10_000);
    expect(short.begun()).to.equal(2_000);
  });
});
