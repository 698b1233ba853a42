import { expect } from 'chai';
import fc from 'fast-check';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { VirtualTime } from '../fixtures/virtual-time.ts';
import { decode, encodeDatagram, encodeSegment, resetOf, type Segment } from './segment.ts';
import { Stream, type StreamFailure } from './stream.ts';

interface Line {
  /** Shares of the segments. */
  loss: number;
  duplicate: number;
  /** Each takes as long as it draws: what takes longer is overtaken. */
  transitMs: [number, number];
}

const GOOD: Line = { loss: 0, duplicate: 0, transitMs: [10, 10] };
const STALL_MS = 15_000;

/** One end with what it was given. */
class End {
  readonly stream: Stream;
  readonly got: Buffer[] = [];
  readonly closed: (StreamFailure | undefined)[] = [];
  readonly segments: Segment[] = [];
  ended = 0;
  drained = 0;
  /** Whether what is delivered is taken at once. */
  reading = true;

  constructor(
    role: 'client' | 'server',
    time: VirtualTime,
    stallMs: number,
    carry: (segment: Segment) => void,
  ) {
    this.stream = new Stream({
      role,
      stallMs,
      events: {
        transmit: (segment) => {
          this.segments.push(segment);
          carry(segment);
        },
        deliver: (data) => {
          this.got.push(data);
          if (this.reading) time.after(0, () => this.stream.consumed(data.length));
        },
        ended: () => {
          this.ended += 1;
        },
        drained: () => {
          this.drained += 1;
        },
        closed: (failure) => this.closed.push(failure),
      },
    });
    time.attend(this.stream);
  }

  get text(): Buffer {
    return Buffer.concat(this.got);
  }
}

/** A client and a server over a line; the server grants the stream when its first segment comes. */
class Pair {
  readonly time = new VirtualTime();
  readonly client: End;
  readonly server: End;
  line: Line;
  #granted = false;
  grants = true;

  constructor(line: Line, { seed = 1, stallMs = STALL_MS } = {}) {
    this.line = line;
    const random = xoroshiro128plus(seed);
    const carry = (arrive: (segment: Segment) => void) => (segment: Segment) => {
      const copies = uniformFloat64(random) < this.line.duplicate ? 2 : 1;
      for (let copy = 0; copy < copies; copy += 1) {
        if (uniformFloat64(random) < this.line.loss) continue;
        // Through its bytes, so that the coding is tested with it.
        const packet = decode(encodeSegment(7, segment));
        if (packet?.kind !== 'segment') throw new Error('a segment comes out as one');
        this.time.after(uniformInt(random, ...this.line.transitMs), () => arrive(packet.segment));
      }
    };
    this.client = new End(
      'client',
      this.time,
      stallMs,
      carry((segment) => {
        if (segment.syn && this.grants && !this.#granted) {
          this.#granted = true;
          this.server.stream.open(this.time.now);
        } else this.#arrive(segment, this.server, this.client);
      }),
    );
    this.server = new End(
      'server',
      this.time,
      stallMs,
      carry((segment) => this.#arrive(segment, this.client, this.server)),
    );
  }

  /** An end that has forgotten the stream says so. */
  #arrive(segment: Segment, to: End, from: End): void {
    if (!to.stream.gone) to.stream.receive(segment, this.time.now);
    else if (!segment.rst) from.stream.receive(resetOf(segment), this.time.now);
  }

  open(): void {
    this.client.stream.open(this.time.now);
  }
}

function bytes(length: number, seed: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => (index * 31 + seed * 17 + (index >> 8)) & 0xff));
}

describe('a stream', () => {
  it('delivers every byte in order over any line that lets something through', () => {
    const lines = fc.record({
      loss: fc.double({ min: 0, max: 0.2, noNaN: true }),
      duplicate: fc.double({ min: 0, max: 0.2, noNaN: true }),
      transitMs: fc
        .tuple(fc.nat(50), fc.nat(50))
        .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as [number, number]),
    });
    const writes = fc.array(fc.integer({ min: 1, max: 9_000 }), { maxLength: 20 });
    fc.assert(
      fc.property(lines, writes, writes, fc.nat(1_000), (line, up, down, seed) => {
        const pair = new Pair(line, { seed, stallMs: 5_000_000 });
        pair.open();
        const write = (end: End, sizes: readonly number[]) => {
          sizes.forEach((size, index) => {
            pair.time.after(index * 40, () => end.stream.write(bytes(size, index), pair.time.now));
          });
          pair.time.after(sizes.length * 40, () => end.stream.end(pair.time.now));
        };
        write(pair.client, up);
        write(pair.server, down);
        pair.time.pass(6_000_000);
        const sent = (sizes: readonly number[]) =>
          Buffer.concat(sizes.map((size, index) => bytes(size, index)));
        expect(pair.server.text.equals(sent(up))).to.equal(true);
        expect(pair.client.text.equals(sent(down))).to.equal(true);
        for (const end of [pair.client, pair.server]) {
          expect(end.closed).to.deep.equal([undefined]);
          expect(end.ended).to.equal(1);
          expect(end.stream.gone).to.equal(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('sends each segment once over a good line', () => {
    const pair = new Pair(GOOD);
    pair.open();
    pair.client.stream.write(bytes(60_000, 1), 0);
    pair.client.stream.end(0);
    pair.time.pass(5_000);
    expect(pair.server.text).to.have.length(60_000);
    const sent = pair.client.segments.reduce((sum, { data }) => sum + data.length, 0);
    expect(sent).to.equal(60_000);
  });

  it('mends a single loss without waiting for the timeout', () => {
    const pair = new Pair(GOOD);
    pair.open();
    pair.time.pass(100);
    const startedAt = pair.time.now;
    pair.line = { ...GOOD, loss: 1 };
    pair.client.stream.write(bytes(1_380, 1), pair.time.now);
    pair.line = GOOD;
    pair.client.stream.write(bytes(12_000, 2), pair.time.now);
    while (pair.server.text.length < 13_380) pair.time.pass(1);
    expect(pair.time.now - startedAt).to.be.below(100);
  });

  it('backs off while nothing comes back, and goes on when it does', () => {
    const pair = new Pair(GOOD);
    pair.open();
    pair.time.pass(100);
    pair.line = { ...GOOD, loss: 1 };
    pair.client.stream.write(Buffer.from('late'), pair.time.now);
    const before = pair.client.segments.length;
    pair.time.pass(12_000);
    // 0.2, 0.6, 1.4, 3, 6.2 s after the first.
    expect(pair.client.segments.length - before).to.equal(5);
    pair.line = GOOD;
    pair.time.pass(1_000);
    expect(String(pair.server.text)).to.equal('late');
  });

  it('is reset when nothing was acknowledged for the time that it is given', () => {
    const pair = new Pair(GOOD);
    pair.open();
    pair.time.pass(100);
    pair.line = { ...GOOD, loss: 1 };
    pair.client.stream.write(Buffer.from('never'), pair.time.now);
    pair.time.pass(STALL_MS - 1);
    expect(pair.client.closed).to.deep.equal([]);
    pair.time.pass(1);
    expect(pair.client.closed).to.deep.equal(['timeout']);
    expect(pair.client.stream.gone).to.equal(true);
    // The other end waits for nothing, and so notices nothing.
    expect(pair.server.closed).to.deep.equal([]);
  });

  it('is reset when it is never granted, and refused when the server says so', () => {
    const silent = new Pair({ ...GOOD, loss: 1 });
    silent.open();
    silent.time.pass(STALL_MS);
    expect(silent.client.closed).to.deep.equal(['timeout']);
    const refused = new Pair(GOOD);
    refused.grants = false;
    refused.open();
    refused.time.pass(15);
    refused.server.stream.abort();
    refused.time.pass(100);
    expect(refused.client.closed).to.deep.equal(['refused']);
  });

  it('sends no more than the reader has room for, and goes on when it reads, however long that took', () => {
    const pair = new Pair(GOOD);
    pair.server.reading = false;
    pair.open();
    const welcome = pair.client.stream.write(bytes(200_000, 1), 0);
    expect(welcome).to.equal(false);
    pair.time.pass(120_000);
    const room = pair.server.text.length;
    expect(room).to.be.within(60_000, 65_536);
    expect(pair.client.closed).to.deep.equal([]);
    pair.server.reading = true;
    pair.server.stream.consumed(room);
    pair.time.pass(5_000);
    expect(pair.server.text.equals(bytes(200_000, 1))).to.equal(true);
    expect(pair.client.drained).to.equal(1);
  });

  it('goes on in the one direction when the other has ended', () => {
    const pair = new Pair(GOOD);
    pair.open();
    pair.client.stream.end(0);
    pair.time.pass(1_000);
    expect(pair.server.ended).to.equal(1);
    pair.server.stream.write(bytes(10_000, 3), pair.time.now);
    pair.time.pass(1_000);
    expect(pair.client.text).to.have.length(10_000);
    pair.server.stream.end(pair.time.now);
    pair.time.pass(10_000);
    expect([...pair.client.closed, ...pair.server.closed]).to.deep.equal([undefined, undefined]);
  });

  it('tells the far end when it is given up', () => {
    const pair = new Pair(GOOD);
    pair.open();
    pair.time.pass(100);
    pair.client.stream.abort();
    pair.time.pass(100);
    expect([...pair.client.closed, ...pair.server.closed]).to.deep.equal(['reset', 'reset']);
  });
});

describe('a packet', () => {
  it('comes out as it went in', () => {
    const segments = fc.record({
      seq: fc.nat(2 ** 31 - 1).map((seq) => seq * 1_000),
      ack: fc.option(fc.nat(), { nil: undefined }),
      window: fc.nat(),
      syn: fc.boolean(),
      fin: fc.boolean(),
      rst: fc.boolean(),
      data: fc.uint8Array({ maxLength: 1_380 }).map((data) => Buffer.from(data)),
    });
    fc.assert(
      fc.property(segments, fc.nat(), (segment, stream) => {
        expect(decode(encodeSegment(stream, segment))).to.deep.equal({ kind: 'segment', stream, segment });
      }),
    );
    const data = Buffer.from('echo');
    expect(decode(encodeDatagram(65_535, data))).to.deep.equal({ kind: 'datagram', flow: 65_535, data });
    for (const nothing of ['', '\x06short', '\x11', 'other'])
      expect(decode(Buffer.from(nothing))).to.equal(undefined);
  });
});
