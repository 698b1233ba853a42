import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import fc from 'fast-check';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { systemClock } from '../../../../harness/clock/clock.ts';
import { waitFor } from '../../../../harness/clock/wait-for.ts';
import { replaceFile } from '../../../replaced-file.ts';
import { Impairment, RelayState } from '../../port.ts';
import { MESSAGE } from '../tunnel/end.ts';
import { type Traffic, trafficOf, unwrap, wrap } from '../wire/datagram.ts';
import { Udp } from '../wire/udp.ts';
import type { Passing } from './fate.ts';
import { Relay } from './relay.ts';

const deadline = { deadlineMs: 20_000, intervalMs: 2 };
const HOUR_MS = 3_600_000;
const TRAFFICS = ['tunnel', 'host'] as const;
const DIRECTIONS = ['to-cloud', 'to-edge'] as const;
/** The type of a message that is none of a handshake. */
const DATA = MESSAGE.transport;
/** Binds a port and says it. */
const UNREAD_CLOUD = `const socket = require('node:dgram').createSocket('udp4');
socket.bind(0, '127.0.0.1', () => console.log(socket.address().port));`;

/** What the relay is asked for, and how often a datagram then arrives that is sent once the relay says that it applies it. */
const FAULTS = {
  none: { asked: undefined, arrives: 1 },
  other: { asked: { loss: 100, match: 'handshake' }, arrives: 1 },
  lapsed: { asked: { loss: 100, match: 'all', untilWall: 1 }, arrives: 1 },
  cut: { asked: { loss: 100, match: 'all' }, arrives: 0 },
  small: { asked: { maxBytes: 1, match: 'all' }, arrives: 0 },
  slow: { asked: { delayMs: 30, match: 'all' }, arrives: 1 },
  narrow: { asked: { rateKbit: 8_000, match: 'all' }, arrives: 1 },
  duplicate: { asked: { duplicate: 100, match: 'all' }, arrives: 2 },
  corrupt: { asked: { corrupt: 100, match: 'all' }, arrives: 1 },
  rebind: { asked: { rebind: true, match: 'all' }, arrives: 1 },
} as const satisfies Record<string, { asked: Partial<Impairment> | undefined; arrives: number }>;
type FaultName = keyof typeof FAULTS;

/** A link whose ends are the test's own. */
class Ends {
  readonly arrived = { 'to-cloud': [] as Buffer[], 'to-edge': [] as Buffer[] };
  readonly #folder = mkdtempSync(join(tmpdir(), 'relay-test-'));
  /** Where each traffic came from last, as the cloud sees it. */
  readonly #sources = new Map<Traffic | undefined, number>();
  readonly #asked: string[] = [];
  #cloud!: Udp;
  #edge!: Udp;
  #relay!: Relay;

  /** @param cloudPort of somebody else who is the cloud */
  async open(cloudPort?: number): Promise<void> {
    this.#cloud = await Udp.bind((datagram, from) => {
      this.arrived['to-cloud'].push(datagram);
      this.#sources.set(trafficOf(datagram), from);
    });
    this.#edge = await Udp.bind((datagram) => this.arrived['to-edge'].push(datagram));
    this.#relay = await Relay.open({
      cloudPort: cloudPort ?? this.#cloud.port,
      impairments: join(this.#folder, 'impairments.json'),
      state: join(this.#folder, 'state.json'),
      random: xoroshiro128plus(1),
      clock: systemClock,
    });
  }

  /** Puts one fault, or none, in place of what was asked for before; resolves when the relay says so. */
  async ask(name: FaultName): Promise<void> {
    const { asked } = FAULTS[name];
    const id = `${name}-${this.#asked.push(name)}`;
    const now = systemClock.wall();
    const impairments = asked ? [Impairment.parse({ untilWall: now + HOUR_MS, ...asked, id })] : [];
    const inForce = impairments.filter(({ untilWall }) => untilWall > now).map((one) => one.id);
    await replaceFile(join(this.#folder, 'impairments.json'), { impairments });
    await waitFor(() => isDeepStrictEqual(this.#state().applied, inForce), {
      what: `the relay to apply ${name}`,
      ...deadline,
    });
    // The cloud does not know a new source before the edge has spoken from it.
    if (name === 'rebind') await this.greet();
  }

  /** The edge speaks, in each traffic, and is heard. */
  async greet(): Promise<void> {
    const greetings = TRAFFICS.map((traffic) => wrap(traffic, Buffer.from('hello'), false));
    for (const greeting of greetings) this.send('to-cloud', greeting);
    const { 'to-cloud': heard } = this.arrived;
    for (const greeting of greetings) {
      const at = () => heard.findIndex((datagram) => datagram.equals(greeting));
      await waitFor(() => at() >= 0, { what: 'the edge to be heard', ...deadline });
      heard.splice(at(), 1);
    }
  }

  send(direction: Passing['direction'], datagram: Buffer): void {
    if (direction === 'to-cloud') this.#edge.send(datagram, this.#relay.port);
    else this.#cloud.send(datagram, this.#sources.get(trafficOf(datagram)) as number);
  }

  async close(): Promise<void> {
    await this.#relay.close();
    for (const end of [this.#edge, this.#cloud]) end.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #state(): RelayState {
    return RelayState.parse(JSON.parse(readFileSync(join(this.#folder, 'state.json'), 'utf8')));
  }
}

interface Sent {
  direction: Passing['direction'];
  /** In force when it was sent. */
  fault: FaultName;
  /** As it is on the wire once its checksum is finished. */
  whole: Buffer;
}

/** What should have arrived of what was sent, and what did, each as text and in order; of what is late the order is its own. */
function outcomes(sent: readonly Sent[], arrived: readonly Buffer[]) {
  const text = (datagram: Buffer) => datagram.toString('hex');
  const expected = (of: (fault: FaultName) => boolean) =>
    sent
      .filter(({ fault }) => of(fault))
      .flatMap(({ fault, whole }) => Array<string>(FAULTS[fault].arrives).fill(text(whole)));
  const late = expected((fault) => fault === 'slow' || fault === 'narrow');
  const prompt = expected((fault) => !['slow', 'narrow', 'corrupt'].includes(fault));
  const damaged = sent.filter(({ fault }) => fault === 'corrupt').map(({ whole }) => whole);
  const came = arrived.map(text);
  const others = arrived.filter((datagram) => ![...late, ...prompt].includes(text(datagram)));
  return {
    should: { prompt, late: late.sort(), bitsFlipped: damaged.map(() => 1) },
    did: {
      prompt: came.filter((one) => !late.includes(one) && others.every((other) => text(other) !== one)),
      late: came.filter((one) => late.includes(one)).sort(),
      bitsFlipped: others.map((other, at) => bitsBetween(other, damaged[at])),
    },
  };
}

function bitsBetween(one: Buffer, other: Buffer | undefined): number {
  if (one.length !== other?.length) return Number.POSITIVE_INFINITY;
  return one.reduce((bits, byte, at) => {
    let difference = byte ^ (other[at] as number);
    for (; difference > 0; difference &= difference - 1) bits += 1;
    return bits;
  }, 0);
}

describe('a relay', function () {
  this.timeout(60_000);
  let ends: Ends;

  beforeEach(() => {
    ends = new Ends();
  });
  afterEach(() => ends.close());

  it('lets come out what went in, whatever is asked for and let go in between, and what is asked for bites at once', async () => {
    await ends.open();
    await ends.greet();
    const steps = fc.array(
      fc.record({
        fault: fc.constantFrom(...(Object.keys(FAULTS) as FaultName[])),
        direction: fc.constantFrom(...DIRECTIONS),
        traffic: fc.constantFrom(...TRAFFICS),
        offload: fc.boolean(),
        sizes: fc.array(fc.integer({ min: 5, max: 1_400 }), { maxLength: 10 }),
      }),
      { maxLength: 8 },
    );
    let serial = 0;
    const last = wrap('host', Buffer.from('last'), false);
    const run = fc.asyncProperty(steps, async (all) => {
      const sent: Sent[] = [];
      for (const { fault, direction, traffic, offload, sizes } of all) {
        await ends.ask(fault);
        for (const size of sizes) {
          const payload = Buffer.alloc(size, DATA);
          payload.writeUInt32BE(serial++, 1);
          sent.push({ fault, direction, whole: wrap(traffic, payload, false) });
          ends.send(direction, wrap(traffic, payload, offload));
        }
      }
      await ends.ask('none');
      for (const direction of DIRECTIONS) {
        const arrived = ends.arrived[direction];
        const own = sent.filter((one) => one.direction === direction);
        const count = own.reduce((sum, { fault }) => sum + FAULTS[fault].arrives, 0);
        await waitFor(() => arrived.length >= count, {
          what: `${count} datagrams ${direction}`,
          ...deadline,
        });
        // What should not have come would be here before it.
        ends.send(direction, last);
        await waitFor(() => arrived.at(-1)?.equals(last), { what: 'the last datagram', ...deadline });
        const { did, should } = outcomes(own, arrived.splice(0).slice(0, -1));
        expect(did).to.deep.equal(should);
      }
    });
    await fc.assert(run, { numRuns: 15 });
  });

  it('is cut and mended while datagrams flow: none of those is lost that are sent before or after, all in between are', async () => {
    await ends.open();
    let sent = 0;
    let flowing = true;
    const flow = (async () => {
      while (flowing) {
        const payload = Buffer.alloc(64, DATA);
        payload.writeUInt32BE(sent++, 1);
        ends.send('to-cloud', wrap('tunnel', payload, false));
        await new Promise(setImmediate);
      }
    })();
    const more = (count: number) => {
      const upTo = sent + count;
      return waitFor(() => sent >= upTo, { what: `${count} more datagrams`, ...deadline });
    };
    await more(500);
    const beforeCut = sent;
    await ends.ask('cut');
    const cut = sent;
    await more(500);
    const beforeMend = sent;
    await ends.ask('none');
    const mended = sent;
    await more(500);
    flowing = false;
    await flow;
    const came = () =>
      ends.arrived['to-cloud'].map((datagram) =>
        (unwrap(datagram) as { payload: Buffer }).payload.readUInt32BE(1),
      );
    await waitFor(() => came().at(-1) === sent - 1, { what: 'the last datagram', ...deadline });
    const within = (from: number, to: number) => came().filter((serial) => serial >= from && serial < to);
    expect(within(0, beforeCut)).to.have.length(beforeCut);
    // One may be on its way into the relay while this says that it is cut.
    expect(within(cut + 1, beforeMend - 1)).to.deep.equal([]);
    expect(within(mended, sent)).to.have.length(sent - mended);
    expect(came()).to.deep.equal([...came()].sort((a, b) => a - b));
  });

  it('keeps nothing for a cloud that does not read', async () => {
    const cloud = spawn(process.execPath, ['-e', UNREAD_CLOUD], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      const [port] = await once(cloud.stdout, 'data');
      cloud.kill('SIGSTOP');
      await ends.open(Number(port));
      setFlagsFromString('--expose-gc');
      const collect = runInNewContext('gc') as () => void;
      const datagram = wrap('host', Buffer.alloc(1_400), false);
      collect();
      const before = process.memoryUsage().arrayBuffers;
      for (let burst = 0; burst < 500; burst++) {
        for (let count = 0; count < 40; count++) ends.send('to-cloud', datagram);
        await new Promise(setImmediate);
      }
      // Arrays are swept beside the program.
      await waitFor(
        () => {
          collect();
          return process.memoryUsage().arrayBuffers - before < 1_000_000;
        },
        { what: '28 MB of datagrams to be gone', deadlineMs: 30_000, intervalMs: 50 },
      );
    } finally {
      cloud.kill('SIGKILL');
      await once(cloud, 'close');
    }
  });
});
