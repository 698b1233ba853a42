import { expect } from 'chai';
import { systemClock } from './clock.ts';

describe('the system’s clock', () => {
  it('sleeps for no less than it is told, whatever else its loop is busy with', async () => {
    let busy = true;
    const turn = () => {
      if (busy) setImmediate(turn);
    };
    turn();
    try {
      for (let time = 0; time < 100; time += 1) {
        const from = systemClock.mono();
        await systemClock.sleep(3);
        expect(systemClock.mono() - from).to.be.at.least(3);
      }
    } finally {
      busy = false;
    }
  });

  it('is woken by a signal, with its reason', async () => {
    const reason = new Error('SIGINT');
    const ending = new AbortController();
    const sleeping = systemClock.sleep(60_000, ending.signal).catch((error: unknown) => error);
    ending.abort(reason);
    expect(await sleeping).to.equal(reason);
    expect(await systemClock.sleep(0, ending.signal).catch((error: unknown) => error)).to.equal(reason);
  });
});
