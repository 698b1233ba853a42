import { expect } from 'chai';
import { RestartBackoff } from './restart-backoff.ts';

describe('the back-off of restarts', () => {
  /** What a container that ends as soon as it starts waits, restart by restart. */
  const pauses = (count: number) => {
    const backoff = new RestartBackoff(10_000);
    let now = 1_000_000;
    return Array.from({ length: count }, () => {
      const pause = backoff.remainingMs(now, now);
      backoff.started(now, now + pause);
      now += pause + 1;
      return pause;
    });
  };

  it('lets the first restart come at once, then doubles up to five minutes', () => {
    expect(pauses(8)).to.deep.equal([0, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
  });

  it('counts from the end before: who ran longer than the pause does not wait', () => {
    const backoff = new RestartBackoff(10_000);
    backoff.started(0, 0);
    expect(backoff.remainingMs(5_000, 8_000)).to.equal(7_000);
    expect(backoff.remainingMs(5_000, 15_000)).to.equal(0);
  });

  it('is forgotten after ten minutes', () => {
    const backoff = new RestartBackoff(10_000);
    backoff.started(0, 0);
    backoff.started(1, 1);
    expect(backoff.remainingMs(600_002, 600_002)).to.equal(0);
    backoff.started(600_002, 600_002);
    expect(backoff.pauseMs).to.equal(10_000);
  });
});
