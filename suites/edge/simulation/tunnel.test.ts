import { expect } from 'chai';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { VirtualTime } from '../../../clusters/network/userland/fixtures/virtual-time.ts';
import { MESSAGE, TunnelEnd } from '../../../clusters/network/userland/tunnel/end.ts';
import { newKeyPair } from '../../../clusters/network/userland/tunnel/handshake.ts';
import {
  MAX_JITTER,
  REJECT_AFTER_TIME,
  REKEY_TIMEOUT,
} from '../../../clusters/network/userland/tunnel/timers.ts';
import type { Span } from './link.ts';
import { type TunnelSetup, tunnelOutages } from './tunnel.ts';

const TRANSIT_MS = 40;
const PACKET_EVERY_MS = 500;
const HOUR_MS = 3_600_000;

const SETUP: TunnelSetup = {
  offload: true,
  match: 'tunnel',
  keepaliveMs: 0,
  transitMs: TRANSIT_MS,
  watchdog: undefined,
};
const WATCHDOG = { lookEvery: 500, deafAfter: 8_000, backOff: 1_000, backOffMost: 30_000 };

/** The first session is made when time begins; all else is drawn. */
function bornAtZero(seed: number): RandomGenerator {
  const random = xoroshiro128plus(seed);
  let drawn = 0;
  return {
    next() {
      drawn += 1;
      // A fraction takes two draws.
      return drawn <= 2 ? 0 : random.next();
    },
    clone: () => bornAtZero(seed),
    getState: () => random.getState(),
  };
}

function outages(life: { defects?: Span[]; fades?: Span[] }, setup: Partial<TunnelSetup> = {}) {
  const link = { lossy: [], defects: [], fades: [], ...life };
  return tunnelOutages(link, { ...SETUP, ...setup }, bornAtZero(1), HOUR_MS);
}

function lengths(...given: Parameters<typeof outages>): number[] {
  return outages(...given).map(({ fromMs, toMs }) => toMs - fromMs);
}

/** The gaps of at least a second in the answers that reach the edge through the tunnel of isolation `process`. */
function gapsOfTheRealOne(defect: Span, { keepaliveMs, match }: TunnelSetup): Span[] {
  const time = new VirtualTime();
  const keys = { edge: newKeyPair(), cloud: newKeyPair() };
  const presharedKey = Buffer.alloc(32, 7);
  const gaps: Span[] = [];
  let answeredAt = 0;
  const cloud: TunnelEnd = new TunnelEnd({
    identity: { own: keys.cloud, peer: keys.edge.public, presharedKey },
    endpoint: undefined,
    random: xoroshiro128plus(2),
    transmit: (message) => time.after(TRANSIT_MS, () => edge.receive(message, 2, time.now)),
    deliver: (packet) => cloud.send(packet, time.now),
  });
  const edge: TunnelEnd = new TunnelEnd({
    identity: { own: keys.edge, peer: keys.cloud.public, presharedKey },
    endpoint: 2,
    random: xoroshiro128plus(3),
    transmit(message) {
      const handshake = message[0] === MESSAGE.initiation || message[0] === MESSAGE.response;
      const halfMade = match === 'tunnel' || handshake;
      if (halfMade && time.now >= defect.fromMs && time.now < defect.toMs) return;
      time.after(TRANSIT_MS, () => cloud.receive(message, 1, time.now));
    },
    deliver() {
      if (time.now - answeredAt >= 1_000) gaps.push({ fromMs: answeredAt, toMs: time.now });
      answeredAt = time.now;
    },
  });
  time.attend(edge);
  time.attend(cloud);
  time.every(PACKET_EVERY_MS, () => edge.send(Buffer.of(0), time.now));
  time.after(1_000, () => {
    edge.setKeepalive(keepaliveMs, time.now);
    cloud.setKeepalive(keepaliveMs, time.now);
  });
  time.pass(defect.toMs + 60_000);
  return gaps;
}

describe('the simulated tunnel', () => {
  it('is cut by the defect for as long as it lasts, where the session outlives it', () => {
    // Sessions are made at 0, 120.08 s, 240.16 s: this one is 10 s old, and 50 s when the defect ends.
    const defects = [{ fromMs: 250_000, toMs: 290_000 }];
    expect(lengths({ defects })).to.deep.equal([40_000]);
    expect(lengths({ defects }, { match: 'handshake' })).to.deep.equal([]);
    expect(lengths({ defects }, { offload: false })).to.deep.equal([]);
  });

  it('is back with the first handshake that is tried after it, where the session does not', () => {
    const [length] = lengths({ defects: [{ fromMs: 250_000, toMs: 450_000 }] });
    expect(length).to.be.within(200_000, 200_000 + REKEY_TIMEOUT + 2 * TRANSIT_MS);
  });

  it('outlives the loss of handshakes alone until the session is 180 s old', () => {
    const [outage, ...others] = outages(
      { defects: [{ fromMs: 250_000, toMs: 450_000 }] },
      { match: 'handshake' },
    );
    expect(others).to.deep.equal([]);
    expect(outage?.fromMs).to.be.closeTo(240_160 + REJECT_AFTER_TIME, 4 * TRANSIT_MS);
    expect(outage?.toMs).to.be.within(450_000, 450_000 + REKEY_TIMEOUT + 2 * TRANSIT_MS);
  });

  it('is restarted by a watchdog after 8 s, which then costs it the session', () => {
    const defects = [{ fromMs: 250_000, toMs: 290_000 }];
    const [restarted] = outages({ defects }, { watchdog: WATCHDOG });
    expect(restarted?.alertMs).to.equal(258_000);
    expect(restarted?.toMs).to.be.within(290_000 + 2 * TRANSIT_MS, 290_000 + REKEY_TIMEOUT + 2 * TRANSIT_MS);
    const [short] = outages({ fades: [{ fromMs: 250_000, toMs: 257_000 }] }, { watchdog: WATCHDOG });
    expect(short).to.deep.equal({ fromMs: 250_000, toMs: 257_000, alertMs: undefined });
  });

  it('takes troubles that overlap for one', () => {
    const life = {
      defects: [{ fromMs: 250_000, toMs: 270_000 }],
      fades: [{ fromMs: 260_000, toMs: 280_000 }],
    };
    expect(lengths(life)).to.deep.equal([30_000]);
    expect(lengths(life, { offload: false })).to.deep.equal([20_000]);
  });

  it('does what the tunnel of isolation process does, packet by packet', () => {
    // When a handshake is tried again is drawn, and where both ends ask at once neither is answered: single outages may
    // differ by a few tries, and their mean may not.
    const random = xoroshiro128plus(4);
    const cases = Array.from({ length: 40 }, (_, index) => {
      const fromMs = uniformInt(random, 120_000, 400_000);
      const defect = { fromMs, toMs: fromMs + uniformInt(random, 5_000, 300_000) };
      const match = index % 2 === 0 ? ('tunnel' as const) : ('handshake' as const);
      return { defect, setup: { ...SETUP, match, keepaliveMs: index % 4 < 2 ? 0 : 20_000 } };
    });
    const differences = cases.map(({ defect, setup }) => {
      const long = ({ fromMs, toMs }: Span) => toMs - fromMs >= 1_000;
      const total = (spans: readonly Span[]) =>
        spans.filter(long).reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
      return total(gapsOfTheRealOne(defect, setup)) - total(outages({ defects: [defect] }, setup));
    });
    const mean = differences.reduce((sum, difference) => sum + difference, 0) / differences.length;
    expect(mean).to.be.within(-1_000, 1_000 + PACKET_EVERY_MS);
    for (const difference of differences)
      expect(Math.abs(difference)).to.be.at.most(3 * (REKEY_TIMEOUT + MAX_JITTER) + 2 * PACKET_EVERY_MS);
  });
});
