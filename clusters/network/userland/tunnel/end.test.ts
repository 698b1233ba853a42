import { expect } from 'chai';
import fc from 'fast-check';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { VirtualTime } from '../fixtures/virtual-time.ts';
import { MESSAGE, TunnelEnd } from './end.ts';
import { newKeyPair } from './handshake.ts';
import { ReplayWindow } from './replay-window.ts';
import { MAX_JITTER, REJECT_AFTER_TIME, REKEY_TIMEOUT } from './timers.ts';

const TRANSIT_MS = 20;
const EDGE = 1;
const CLOUD = 2;

/** Two ends on virtual time, and the line between them, which loses what it is told to. */
class Pair {
  readonly time = new VirtualTime();
  readonly #keys = { edge: newKeyPair(), cloud: newKeyPair() };
  readonly atEdge: string[] = [];
  readonly atCloud: string[] = [];
  /** Message types that went over the line, or were lost on it. */
  readonly types: number[] = [];
  lost: (type: number, to: number) => boolean = () => false;
  /** The edge's source as the cloud sees it. */
  edgePort = EDGE;
  /** Every message that the edge has sent. */
  readonly sent: Buffer[] = [];
  edge: TunnelEnd;
  readonly cloud: TunnelEnd;

  constructor() {
    this.cloud = new TunnelEnd({
      identity: this.#identity('cloud', 'edge'),
      endpoint: undefined,
      random: xoroshiro128plus(1),
      transmit: (message, to) =>
        this.#carry(message, to, () => {
          if (to === this.edgePort) this.edge.receive(message, CLOUD, this.time.now);
        }),
      deliver: (packet) => this.atCloud.push(String(packet)),
    });
    this.time.attend(this.cloud);
    this.edge = this.#newEdge();
  }

  restartEdge(): void {
    this.time.dismiss(this.edge);
    this.edge = this.#newEdge();
  }

  /** Sends one packet each way and says whether both came, within two transits. */
  works(): boolean {
    const before = [this.atEdge.length, this.atCloud.length];
    this.edge.send(Buffer.from('up'), this.time.now);
    this.cloud.send(Buffer.from('down'), this.time.now);
    this.time.pass(TRANSIT_MS);
    return this.atEdge.length > (before[0] as number) && this.atCloud.length > (before[1] as number);
  }

  #newEdge(): TunnelEnd {
    const edge = new TunnelEnd({
      identity: this.#identity('edge', 'cloud'),
      endpoint: CLOUD,
      random: xoroshiro128plus(2 + this.time.now),
      transmit: (message, to) => {
        this.sent.push(message);
        const from = this.edgePort;
        this.#carry(message, to, () => this.cloud.receive(message, from, this.time.now));
      },
      deliver: (packet) => this.atEdge.push(String(packet)),
    });
    this.time.attend(edge);
    return edge;
  }

  #identity(own: 'edge' | 'cloud', peer: 'edge' | 'cloud') {
    return { own: this.#keys[own], peer: this.#keys[peer].public, presharedKey: Buffer.alloc(32, 7) };
  }

  #carry(message: Buffer, to: number, arrive: () => void): void {
    const type = message[0] as number;
    this.types.push(type);
    if (!this.lost(type, to)) this.time.after(TRANSIT_MS, arrive);
  }
}

const handshakes = (type: number) => type === MESSAGE.initiation || type === MESSAGE.response;

describe('two ends of a tunnel', () => {
  it('carry packets both ways after one handshake', () => {
    const pair = new Pair();
    pair.edge.send(Buffer.from('hello'), 0);
    pair.time.pass(100);
    expect(pair.atCloud).to.deep.equal(['hello']);
    expect(pair.works()).to.equal(true);
    expect(pair.types.slice(0, 3)).to.deep.equal([MESSAGE.initiation, MESSAGE.response, MESSAGE.transport]);
    expect(pair.edge.rxBytes).to.be.above(0);
    expect(pair.edge.txBytes).to.equal(pair.cloud.rxBytes);
  });

  it('live for an hour under load, with a handshake every two minutes and no packet lost', () => {
    const pair = new Pair();
    let sent = 0;
    pair.time.every(500, () => {
      sent += 1;
      pair.edge.send(Buffer.from(`up ${sent}`), pair.time.now);
      pair.cloud.send(Buffer.from(`down ${sent}`), pair.time.now);
    });
    pair.time.pass(3_600_000);
    pair.time.pass(TRANSIT_MS);
    expect(pair.atCloud).to.have.length(sent);
    // The first ones of the cloud had nowhere to go before the edge had spoken; WireGuard keeps them as well.
    expect(pair.atEdge).to.have.length(sent);
    const initiated = pair.types.filter((type) => type === MESSAGE.initiation).length;
    expect(initiated).to.be.within(28, 31);
  });

  it('say nothing for hours when idle, and with a keepalive of 20 s stay fresh', () => {
    const idle = new Pair();
    idle.edge.send(Buffer.from('once'), 0);
    idle.time.pass(60_000);
    const said = idle.types.length;
    idle.time.pass(4 * 3_600_000);
    expect(idle.types).to.have.length(said);
    const kept = new Pair();
    kept.edge.setKeepalive(20_000, 0);
    let oldest = 0;
    kept.time.after(5_000, () =>
      kept.time.every(1_000, () => {
        oldest = Math.max(oldest, kept.time.now - (kept.edge.handshakeDoneAt as number));
      }),
    );
    kept.time.pass(4 * 3_600_000);
    expect(oldest).to.be.within(120_000, 145_000);
  });

  it('outlive a loss of handshakes alone until the session is 180 s old, and are back at the next retry', () => {
    const pair = new Pair();
    pair.edge.send(Buffer.from('hello'), 0);
    pair.time.pass(1_000);
    const bornAt = pair.edge.handshakeDoneAt as number;
    pair.lost = handshakes;
    pair.time.every(1_000, () => pair.edge.send(Buffer.from('probe'), pair.time.now));
    let lastGood = 0;
    const passed = (ms: number) => {
      const before = pair.atCloud.length;
      pair.time.pass(ms);
      return pair.atCloud.length > before;
    };
    for (let second = 0; second < 300; second += 1) if (passed(1_000)) lastGood = pair.time.now;
    expect(lastGood - bornAt).to.be.within(REJECT_AFTER_TIME - 2_000, REJECT_AFTER_TIME + 2_000);
    pair.lost = () => false;
    const healedAt = pair.time.now;
    while (!passed(10));
    expect(pair.time.now - healedAt).to.be.at.most(REKEY_TIMEOUT + MAX_JITTER + 4 * TRANSIT_MS);
  });

  it('are dead at once when the edge restarts while handshakes are lost', () => {
    const pair = new Pair();
    pair.edge.send(Buffer.from('hello'), 0);
    pair.time.pass(1_000);
    pair.lost = handshakes;
    expect(pair.works()).to.equal(true);
    pair.restartEdge();
    pair.time.pass(1);
    for (let count = 0; count < 100; count += 1) {
      expect(pair.works()).to.equal(false);
      pair.time.pass(1_000);
    }
    pair.lost = () => false;
    pair.time.pass(REKEY_TIMEOUT + MAX_JITTER + 4 * TRANSIT_MS);
    expect(pair.works()).to.equal(true);
  });

  it('survive a new source port of the edge, from its next message on', () => {
    const pair = new Pair();
    pair.edge.send(Buffer.from('hello'), 0);
    pair.time.pass(1_000);
    pair.edgePort = 99;
    pair.cloud.send(Buffer.from('to the old port'), pair.time.now);
    pair.time.pass(100);
    expect(pair.atEdge).to.deep.equal([]);
    pair.edge.send(Buffer.from('from the new one'), pair.time.now);
    pair.time.pass(100);
    expect(pair.works()).to.equal(true);
    expect(pair.types.filter((type) => type === MESSAGE.initiation)).to.have.length(1);
  });

  it('take no message twice, none that was changed, and follow neither', () => {
    const pair = new Pair();
    pair.edge.send(Buffer.from('hello'), 0);
    pair.time.pass(1_000);
    const delivered = pair.atCloud.length;
    const answered = pair.types.length;
    for (const message of pair.sent) pair.cloud.receive(message, 666, pair.time.now);
    fc.assert(
      fc.property(fc.constantFrom(...pair.sent), fc.nat(), (message, place) => {
        const forged = Buffer.from(message);
        forged[place % forged.length] = (forged[place % forged.length] as number) ^ 0x10;
        pair.cloud.receive(forged, 666, pair.time.now);
      }),
    );
    expect(pair.atCloud).to.have.length(delivered);
    expect(pair.types).to.have.length(answered);
    expect(pair.works()).to.equal(true);
  });

  it('come up whatever the line loses, once it loses nothing', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: 40 }),
        fc.integer({ min: 0, max: 200_000 }),
        (losses, ms) => {
          const pair = new Pair();
          let at = 0;
          pair.lost = () => losses[at++] ?? false;
          pair.edge.setKeepalive(20_000, 0);
          pair.cloud.setKeepalive(20_000, 0);
          pair.time.every(3_000, () => pair.edge.send(Buffer.from('x'), pair.time.now));
          pair.time.pass(ms);
          pair.lost = () => false;
          pair.time.pass(25_000);
          expect(pair.works()).to.equal(true);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('a replay window', () => {
  it('lets every counter through once, in any order that is not too far off', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000), { maxLength: 300 }), (counters) => {
        const window = new ReplayWindow();
        const passed = counters.filter((counter) => window.take(counter));
        expect(passed).to.deep.equal([...new Set(counters)]);
      }),
    );
    const window = new ReplayWindow();
    expect([window.take(5_000), window.take(2_000), window.take(2_953)]).to.deep.equal([true, false, true]);
  });
});
