import { expect } from 'chai';
import { systemClock } from '../../../harness/clock/clock.ts';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { receiveAlerts, webhookAlert } from './alerts.ts';
import { deafMs, hear } from './judgement.ts';
import { type Alert, startWatchdog, type Watchdog } from './watchdog.ts';

describe('hearing', () => {
  const look = (mono: number, rxBytes: number, txBytes: number, handshakeAgeMs: number | null = 1_000) => ({
    mono,
    rxBytes,
    txBytes,
    handshakeAgeMs,
  });

  it('counts from the last byte that came, while something is sent', () => {
    let hearing = hear(undefined, look(0, 10, 10));
    hearing = hear(hearing, look(1_000, 20, 20));
    expect(deafMs(hearing)).to.equal(0);
    hearing = hear(hearing, look(2_000, 20, 30));
    hearing = hear(hearing, look(4_000, 20, 40));
    expect(deafMs(hearing)).to.equal(3_000);
  });

  it('takes an idle tunnel for none that is deaf, but for one whose session is too old or never was', () => {
    for (const [age, deaf] of [
      [1_000, 0],
      [200_000, 2_000],
      [null, 2_000],
    ] as const) {
      const hearing = hear(hear(undefined, look(0, 10, 10, age)), look(2_000, 10, 10, age));
      expect(deafMs(hearing)).to.equal(deaf);
    }
  });
});

describe('watchdog', () => {
  const options = { node: 'a', lookEveryMs: 5, deafAfterMs: 60, backOffMs: 60, backOffMostMs: 200 };
  let watchdog: Watchdog | undefined;
  afterEach(() => watchdog?.stop());

  /** A tunnel that hears again once it was restarted so often. */
  function tunnel(helpsAfter: number) {
    const state = { rxBytes: 0, txBytes: 0, deaf: true, restarts: [] as number[] };
    return {
      state,
      async sample() {
        state.txBytes += 1;
        if (!state.deaf) state.rxBytes += 1;
        return { handshakeAgeMs: 1_000, rxBytes: state.rxBytes, txBytes: state.txBytes };
      },
      async restartTunnel() {
        state.restarts.push(systemClock.mono());
        if (state.restarts.length >= helpsAfter) state.deaf = false;
      },
    };
  }

  it('restarts a deaf tunnel until it hears, waits longer each time, and posts each as an alert', async () => {
    const posted: Alert[] = [];
    const troubles: string[] = [];
    const receiver = await receiveAlerts((alert) => posted.push(alert));
    const deaf = tunnel(3);
    const broken = async () => {
      throw new Error('nobody is on duty');
    };
    watchdog = startWatchdog(options, {
      tunnel: deaf,
      alerts: [broken, webhookAlert(receiver.url)],
      onRestart: () => undefined,
      onTrouble: (what) => troubles.push(what),
      clock: systemClock,
    });
    await waitFor(() => posted.length === 3, { what: 'three alerts', deadlineMs: 5_000, intervalMs: 5 });
    const heard = deaf.state.rxBytes;
    await waitFor(() => deaf.state.rxBytes > heard + 20, {
      what: 'hearing',
      deadlineMs: 5_000,
      intervalMs: 5,
    });
    await watchdog.stop();
    await receiver.close();
    expect(posted.map(({ node, restart }) => [node, restart])).to.deep.equal([
      ['a', 1],
      ['a', 2],
      ['a', 3],
    ]);
    const [first, second, third] = deaf.state.restarts as [number, number, number];
    expect(second - first).to.be.at.least(60);
    expect(third - second).to.be.at.least(90);
    expect(troubles).to.deep.equal(Array(3).fill('no alert: nobody is on duty'));
  });

  it('leaves a tunnel alone that hears', async () => {
    const well = tunnel(0);
    well.state.deaf = false;
    watchdog = startWatchdog(options, {
      tunnel: well,
      alerts: [],
      onRestart: () => undefined,
      onTrouble: () => undefined,
      clock: systemClock,
    });
    await waitFor(() => well.state.rxBytes > 40, { what: 'forty looks', deadlineMs: 5_000, intervalMs: 5 });
    expect(well.state.restarts).to.deep.equal([]);
  });

  it('refuses a post that is no alert', async () => {
    const posted: Alert[] = [];
    const receiver = await receiveAlerts((alert) => posted.push(alert));
    const response = await fetch(receiver.url, { method: 'POST', body: '{"node":1}' });
    await receiver.close();
    expect([response.status, posted.length]).to.deep.equal([400, 0]);
  });
});
