import { expect } from 'chai';
import { waitFor } from '../../../../harness/clock/wait-for.ts';
import { freePort } from '../../../../harness/exec/free-port.ts';
import { timelines } from '../../connectivity.ts';
import { Ledgers } from '../../testing/ledger.ts';
import { type UdpProxy, udpProxy } from '../../testing/loopback.ts';
import { type Echo, startEcho } from '../cloud/echo.ts';
import { machineClock, type Program } from '../program.ts';
import { startProber } from './prober.ts';
import { Tracker } from './tracker.ts';

const INTERVAL_MS = 20;
/** Longer than a busy machine stands still: its answers are late then, and a disconnect that was none. */
const TIMEOUT_MS = 1_000;

describe('prober', () => {
  const ledgers = () => new Ledgers();
  let echo: Echo;
  let port: number;
  let way: UdpProxy;
  let prober: Program;
  let seen: Ledgers;

  beforeEach(async () => {
    seen = ledgers();
    port = await freePort();
    echo = await startEcho({ host: '127.0.0.1', port }, 'cloud-1/tunnel');
    seen.of('cloud-1').write({
      ...{ type: 'cloud.started', clock: 'boot-1', broker: 'none', echoes: ['tunnel'] },
    });
    way = await udpProxy(port);
    prober = await startProber(
      {
        node: 'edge-1',
        path: 'tunnel',
        target: { host: '127.0.0.1', port: way.port },
        intervalMs: INTERVAL_MS,
        timeoutMs: TIMEOUT_MS,
      },
      machineClock,
      seen.of('epoch'),
    );
  });
  afterEach(() => {
    way.close();
    echo.close();
  });

  const until = (what: string, probe: () => boolean) =>
    waitFor(probe, { what, deadlineMs: 10_000, intervalMs: 5 });
  const way1 = () => {
    const [timeline] = timelines(seen.recorder.events);
    if (!timeline) throw new Error('no prober has started');
    return timeline;
  };

  it('measures a blackout to within its sampling interval, on either side', async () => {
    await until('its first run', () => seen.bodies('ledger.probe.run').length > 0);
    const cut = way.cut();
    await machineClock.sleep(500);
    const mended = way.mend();
    await until(
      'the run after it',
      () => seen.bodies('ledger.probe.run').at(-1)?.ok === true && way1().lost > 0,
    );
    await prober.stop();
    const { doubts, lost, outages, probes, unseenMs } = way1();
    expect(outages).to.have.length(1);
    expect(outages[0]?.open).to.equal(false);
    // The interval, what timers are late by, and as long as a busy machine kept the prober from probing at either end.
    const error = Math.abs((outages[0]?.ms ?? 0) - (mended - cut));
    expect(error).to.be.below(INTERVAL_MS + 15 + 2 * Math.max(0, unseenMs));
    expect(doubts).to.deep.equal([]);
    expect(lost).to.be.at.least(way.dropped).and.above(0);
    expect(probes).to.be.greaterThan(lost);
  });

  it('writes down who answered, and sees a change of it', async () => {
    const answeredBy = () => seen.bodies('ledger.probe.run').map(({ by, ok }) => ok && by);
    await until('answers', () => answeredBy().includes('cloud-1/tunnel'));
    echo.close();
    echo = await startEcho({ host: '127.0.0.1', port }, 'another');
    await until('the other one’s answers', () => answeredBy().includes('another'));
    echo.close();
    echo = await startEcho({ host: '127.0.0.1', port }, '');
    await until('answers without a name', () => answeredBy().includes(null));
    await prober.stop();
    const [timeline] = timelines(seen.recorder.events);
    expect(timeline?.doubts.join()).to.match(
      /\d+ probes of edge-1 by tunnel were answered by another, one that does not say who it is/,
    );
    const counted = timeline?.runs.filter(({ ok }) => ok).map(({ by }) => by);
    expect(new Set(counted)).to.deep.equal(new Set(['cloud-1/tunnel']));
  });

  it('takes a late answer for none, and counts it', async () => {
    await until('its first run', () => seen.bodies('ledger.probe.run').length > 0);
    way.delayMs = TIMEOUT_MS + 500;
    await until('late answers', () => seen.bodies('ledger.probe.run').some(({ late }) => late > 0));
    await prober.stop();
    expect(way1().outages.at(-1)?.open).to.equal(true);
  });
});

describe('probe tracker', () => {
  it('decides in the order of sending, whatever order the answers come in', () => {
    const tracker = new Tracker(100);
    for (const seq of [0, 1, 2, 3]) tracker.sent(seq, seq * 10);
    tracker.answered(3, 35, 'cloud');
    tracker.answered(0, 36, 'cloud');
    expect(tracker.decide(40)).to.deep.equal([]);
    // 1 and 2 are lost once their time is over: a run of one, one of two, and one that goes on.
    expect(tracker.decide(121)).to.deep.equal([
      { ok: true, by: 'cloud', fromSeq: 0, toSeq: 0, fromMono: 0, toMono: 0 },
      { ok: false, by: null, fromSeq: 1, toSeq: 2, fromMono: 10, toMono: 20 },
    ]);
    expect(tracker.cut()).to.deep.equal([
      { ok: true, by: 'cloud', fromSeq: 3, toSeq: 3, fromMono: 30, toMono: 30 },
    ]);
    expect(tracker.cut()).to.deep.equal([]);
  });

  it('begins a run where another one answers, and takes the first answer of a probe', () => {
    const tracker = new Tracker(100);
    for (const [seq, by] of [
      [0, 'cloud'],
      [1, 'cloud'],
      [2, 'another'],
      [3, null],
    ] as const) {
      tracker.sent(seq, seq);
      tracker.answered(seq, seq, by);
      tracker.answered(seq, seq, 'an echo of it');
    }
    const told = [...tracker.decide(10), ...tracker.cut()];
    expect(told.map(({ by, fromSeq, toSeq }) => [by, fromSeq, toSeq])).to.deep.equal([
      ['cloud', 0, 1],
      ['another', 2, 2],
      [null, 3, 3],
    ]);
  });

  it('counts answers that came late or twice', () => {
    const tracker = new Tracker(100);
    tracker.sent(0, 0);
    tracker.answered(0, 101, 'cloud');
    expect(tracker.decide(101)).to.deep.equal([]);
    expect(tracker.cut()[0]?.ok).to.equal(false);
    tracker.answered(0, 102, 'cloud');
    expect(tracker.drainLate()).to.equal(2);
    expect(tracker.drainLate()).to.equal(0);
  });
});
