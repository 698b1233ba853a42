import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { systemClock } from '../../../harness/clock/clock.ts';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { OrdealError } from '../../../harness/errors/error.ts';
import { startProcess } from '../../embedded/process.ts';
import { replaceFile } from '../../replaced-file.ts';
import {
  type CloudServices,
  type EdgeLink,
  type EdgeNetwork,
  Impairment,
  RelayState,
  type Services,
} from '../port.ts';
import { settingsIn } from './fixtures/settings.ts';
import { startLab, userlandNetwork } from './network.ts';
import { REKEY_TIMEOUT } from './tunnel/timers.ts';

/** A retry of the handshake, with its jitter, and time for a busy machine. */
const RETRY_MS = REKEY_TIMEOUT + 333 + 3_000;
const deadline = { deadlineMs: 15_000, intervalMs: 20 };

/** The cloud's servers: what comes in goes out again. */
class Cloud {
  readonly server: Server;
  readonly echo = echoSocket();
  readonly hostEcho = echoSocket();
  readonly sockets = new Set<Socket>();

  constructor() {
    this.server = createServer((socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => undefined);
      socket.pipe(socket);
    });
  }

  async listen({ echo, hostEcho, mqtt }: CloudServices): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(mqtt.port, mqtt.host, resolve));
    await new Promise<void>((resolve) => this.echo.bind(echo.port, echo.host, resolve));
    await new Promise<void>((resolve) => this.hostEcho.bind(hostEcho.port, hostEcho.host, resolve));
  }

  close(): void {
    this.server.close();
    this.echo.close();
    this.hostEcho.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

function echoSocket(): Datagrams {
  const socket = createSocket('udp4');
  socket.on('message', (data, { address, port }) => socket.send(data, port, address));
  return socket;
}

/** A datagram to the echo and back, sent again until it came or the time is over. */
async function echoes({ echo }: Services, withinMs: number): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    let came = false;
    socket.on('message', () => {
      came = true;
    });
    const end = systemClock.mono() + withinMs;
    while (!came && systemClock.mono() < end) {
      socket.send('?', echo.port, echo.host);
      for (let look = 0; look < 10 && !came; look += 1) await systemClock.sleep(10);
    }
    return came;
  } finally {
    socket.close();
  }
}

/** A connection that says what it was given. */
class Client {
  readonly socket: Socket;
  readonly got: Buffer[] = [];
  closed: string | undefined;

  constructor({ mqtt }: Services) {
    this.socket = connect(mqtt);
    this.socket.on('data', (data) => this.got.push(data));
    this.socket.on('error', ({ message }) => {
      this.closed = message;
    });
    this.socket.on('close', () => {
      this.closed ??= 'closed';
    });
  }

  get text(): Buffer {
    return Buffer.concat(this.got);
  }

  async answered(text: string): Promise<void> {
    const before = this.text.length;
    this.socket.write(text);
    await waitFor(() => this.text.length >= before + text.length, {
      what: `an answer to ${text}`,
      ...deadline,
    });
  }
}

/** What has ended, and was left to an init that is slow to notice, is gone. */
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !existsSync('/proc/self/stat') || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

describe('the edge network of isolation process', function () {
  this.timeout(60_000);
  let folder: string;
  let network: EdgeNetwork;
  let cloud: Cloud;
  let link: EdgeLink;
  const clients: Client[] = [];

  const dial = (services: Services) => {
    const client = new Client(services);
    clients.push(client);
    return client;
  };
  const relayed = (of = link) => {
    if (of.path.kind !== 'relay') throw new Error('a relay path');
    return of.path;
  };
  const state = () => RelayState.parse(JSON.parse(readFileSync(relayed().state, 'utf8')));
  /** What is in force from here on, each by an id of its own, which is returned. */
  const impair = async (...fields: Partial<Impairment>[]) => {
    const impairments = fields.map((one) => {
      made += 1;
      return Impairment.parse({ id: `i${made}`, untilWall: systemClock.wall() + 60_000, ...one });
    });
    const ids = impairments.map(({ id }) => id);
    await replaceFile(relayed().impairments, { impairments });
    await waitFor(() => String(state().applied) === String(ids), { what: 'impairments', ...deadline });
    return ids as [string, string, string];
  };
  const touches = (id: string) => state().touched[id] ?? 0;
  const csumErrors = async () => (await link.sample()).inCsumErrors;
  let made = 0;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'net-'));
    network = await userlandNetwork({ nodes: ['edge-1', 'edge-2'], folder: join(folder, 'n'), seed: 5 });
    link = network.links[0] as EdgeLink;
    cloud = new Cloud();
    await cloud.listen(network.cloud.listen);
  });

  beforeEach(async () => {
    await impair();
    await link.setOffload(true);
    await link.setKeepalive(0);
    await link.restartTunnel();
  });

  afterEach(() => {
    for (const { socket } of clients.splice(0)) socket.destroy();
  });

  after(async () => {
    cloud.close();
    await network.down();
    rmSync(folder, { recursive: true });
  });

  it('reaches the cloud’s services through each tunnel and by the host', async () => {
    expect(network).to.deep.include({ isolation: 'process', evidence: 'modelled' });
    expect((await link.sample()).handshakeAgeMs).to.equal(null);
    for (const each of network.links) {
      for (const services of [each.throughTunnel, each.byHost]) {
        await dial(services).answered('hello');
        expect(await echoes(services, 5_000)).to.equal(true);
      }
      const sample = await each.sample();
      expect(sample.handshakeAgeMs).to.be.within(0, 30_000);
      expect(sample.rxBytes).to.be.above(0);
      expect(sample.txBytes).to.be.above(0);
      expect(sample.inCsumErrors).to.equal(0);
    }
  });

  it('delivers every byte in order under loss, reordering and duplication', async () => {
    const [id] = await impair({ loss: 5, reorder: 10, duplicate: 5, delayMs: 2, jitterMs: 2 });
    const sent = Buffer.from(
      Array.from({ length: 300_000 }, (_, index) => (index * 7 + (index >> 8)) & 0xff),
    );
    const client = dial(link.throughTunnel);
    client.socket.end(sent);
    await waitFor(() => client.closed, { what: 'the end of the echo', deadlineMs: 50_000 });
    expect(client.closed).to.equal('closed');
    expect(client.text.equals(sent)).to.equal(true);
    await waitFor(() => touches(id) > 0, { what: 'the relay’s count', ...deadline });
  });

  it('loses the tunnel and not the host to a defect of the offload; turning the offload off is the remedy', async () => {
    const client = dial(link.throughTunnel);
    await client.answered('before');
    const [id] = await impair({ offloadDefect: true });
    client.socket.write('in between');
    const before = await link.sample();
    expect(await echoes(link.throughTunnel, 700)).to.equal(false);
    expect(await echoes(link.byHost, 5_000)).to.equal(true);
    // The defect is the link's own.
    expect(await echoes((network.links[1] as EdgeLink).throughTunnel, 5_000)).to.equal(true);
    // A restart does not help: handshakes are dropped as well.
    await link.restartTunnel();
    expect(await link.offload()).to.equal(true);
    expect(await echoes(link.throughTunnel, 300)).to.equal(false);
    await waitFor(async () => (await csumErrors()) > before.inCsumErrors, {
      what: 'checksum errors',
      ...deadline,
    });
    const during = await link.sample();
    expect(during.handshakeAgeMs).to.equal(null);
    expect(during.txBytes).to.be.at.least(before.txBytes);
    await link.setOffload(false);
    expect(await link.offload()).to.equal(false);
    expect(await echoes(link.throughTunnel, RETRY_MS)).to.equal(true);
    await link.restartTunnel();
    expect(await link.offload()).to.equal(false);
    // The connection has outlived it all.
    await waitFor(() => String(client.text) === 'beforein between', {
      what: 'the bytes in between',
      ...deadline,
    });
    expect(touches(id)).to.be.above(0);
  });

  it('keeps a live session through a defect that only handshakes meet, until the tunnel is restarted', async () => {
    expect(await echoes(link.throughTunnel, 5_000)).to.equal(true);
    await impair({ offloadDefect: true, match: 'handshake' });
    expect(await echoes(link.throughTunnel, 5_000)).to.equal(true);
    await link.restartTunnel();
    expect(await echoes(link.throughTunnel, 700)).to.equal(false);
    await impair();
    expect(await echoes(link.throughTunnel, RETRY_MS)).to.equal(true);
  });

  it('refuses connections while the cloud is not heard, and takes them again when it is', async () => {
    const client = dial(link.throughTunnel);
    await client.answered('before');
    await impair({ loss: 100 });
    client.socket.write('in between');
    await waitFor(
      async () => {
        const other = dial(link.throughTunnel);
        await waitFor(() => other.closed || other.socket.readyState === 'open', {
          what: 'an outcome',
          ...deadline,
        });
        return other.closed?.includes('ECONNREFUSED');
      },
      { what: 'a refusal', ...deadline },
    );
    await dial(link.byHost).answered('by the host');
    await impair();
    await waitFor(() => String(client.text) === 'beforein between', {
      what: 'the bytes in between',
      ...deadline,
    });
    await dial(link.throughTunnel).answered('after');
  });

  it('drops what was corrupted, whatever the offload', async () => {
    await link.setOffload(false);
    const before = await csumErrors();
    await impair({ corrupt: 100, direction: 'to-cloud' });
    expect(await echoes(link.throughTunnel, 500)).to.equal(false);
    await waitFor(async () => (await csumErrors()) > before, { what: 'checksum errors', ...deadline });
  });

  it('is partitioned one way: the cloud hears the edge, and not the other way round', async () => {
    expect(await echoes(link.throughTunnel, 5_000)).to.equal(true);
    let heard = 0;
    cloud.echo.on('message', () => {
      heard += 1;
    });
    await impair({ loss: 100, direction: 'to-edge', match: 'all' });
    expect(await echoes(link.throughTunnel, 300)).to.equal(false);
    await waitFor(() => heard > 0, { what: 'the edge to be heard', ...deadline });
    expect(await echoes(link.byHost, 300)).to.equal(false);
    await impair();
    expect(await echoes(link.byHost, 5_000)).to.equal(true);
    expect(await echoes(link.throughTunnel, 5_000)).to.equal(true);
  });

  it('outlives a NAT that forgets the tunnel; the host’s connections are reset by one that forgets all', async () => {
    const tunnelled = dial(link.throughTunnel);
    const direct = dial(link.byHost);
    await Promise.all([tunnelled.answered('one'), direct.answered('one')]);
    const before = await link.sample();
    const [one] = await impair({ rebind: true });
    await Promise.all([tunnelled.answered('two'), direct.answered('two')]);
    expect((await link.sample()).handshakeAgeMs).to.be.above(before.handshakeAgeMs as number);
    const [all] = await impair({ rebind: true, match: 'all' });
    await tunnelled.answered('three');
    direct.socket.write('three');
    await waitFor(() => direct.closed, { what: 'a reset', ...deadline });
    expect(direct.closed).to.match(/ECONNRESET/);
    await dial(link.byHost).answered('again');
    expect([touches(one), touches(all)]).to.deep.equal([1, 1]);
  });

  it('forgets an impairment by itself when its deadline has passed', async () => {
    expect(await echoes(link.throughTunnel, 5_000)).to.equal(true);
    // Longer than a busy machine takes to apply it and to look.
    const untilWall = systemClock.wall() + 3_000;
    await impair({ loss: 100, untilWall });
    expect(await echoes(link.throughTunnel, 200)).to.equal(false);
    await waitFor(() => state().applied.length === 0, { what: 'the end of the impairment', ...deadline });
    expect(systemClock.wall()).to.be.at.least(untilWall);
    expect(await echoes(link.throughTunnel, 5_000)).to.equal(true);
  });

  it('keeps what stands when its file cannot be read, and heals when the file is taken away', async () => {
    await impair({ loss: 100, match: 'all' });
    await replaceFile(relayed().impairments, { impairments: [{ id: 'torn' }] });
    expect(await echoes(link.byHost, 300)).to.equal(false);
    rmSync(relayed().impairments);
    expect(await echoes(link.byHost, 5_000)).to.equal(true);
  });

  it('delays, slows and narrows the path', async () => {
    expect(await echoes(link.throughTunnel, 5_000)).to.equal(true);
    const [slow, narrow, limited] = await impair({ delayMs: 100 }, { maxBytes: 600 }, { rateKbit: 2_000 });
    const startedAt = systemClock.mono();
    await dial(link.throughTunnel).answered('small');
    expect(systemClock.mono() - startedAt).to.be.at.least(200);
    const large = dial(link.throughTunnel);
    large.socket.write(Buffer.alloc(5_000));
    await waitFor(() => touches(narrow) > 0, { what: 'a datagram that is too large', ...deadline });
    expect(large.text).to.have.length(0);
    expect([touches(slow), touches(limited)].every((count) => count > 0)).to.equal(true);
  });

  it('keeps a tunnel alive with a persistent keepalive alone', async () => {
    await link.setKeepalive(0.1);
    await waitFor(async () => (await link.sample()).handshakeAgeMs !== null, {
      what: 'a handshake',
      ...deadline,
    });
    const before = await link.sample();
    await waitFor(async () => (await link.sample()).rxBytes >= before.rxBytes + 600, {
      what: 'keepalives',
      ...deadline,
    });
  });

  it('resets a connection that the cloud refuses', async () => {
    cloud.server.close();
    const client = dial(link.throughTunnel);
    client.socket.write('anybody?');
    await waitFor(() => client.closed, { what: 'a reset', ...deadline });
    expect(client.closed).to.match(/ECONNRESET/);
  });
});

describe('the processes of an edge network', function () {
  this.timeout(120_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'net-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const gone = (...pids: number[]) =>
    waitFor(() => !pids.some(alive), { what: `the end of ${pids}`, ...deadline });

  it('are gone when the one that started them is killed', async () => {
    const parent = await startProcess({
      what: 'a parent',
      argv: [
        '--import',
        'tsx',
        fileURLToPath(new URL('./fixtures/parent.ts', import.meta.url)),
        join(folder, 'n'),
      ],
      log: join(folder, 'parent.log'),
      deadlineMs: 100_000,
    });
    const { lab, relay } = parent.said as { lab: number; relay: number };
    expect([alive(lab), alive(relay)]).to.deep.equal([true, true]);
    process.kill(parent.pid, 'SIGKILL');
    await gone(lab, relay);
  });

  for (const victim of ['lab', 'relay'] as const) {
    it(`are gone when the ${victim} is killed`, async () => {
      const { process: lab, ready } = await startLab(settingsIn(join(folder, 'n')));
      process.kill(victim === 'lab' ? lab.pid : ready.relayPid, 'SIGKILL');
      expect(await lab.ended).to.match(victim === 'lab' ? /SIGKILL/ : /code 0/);
      await gone(lab.pid, ready.relayPid);
    });
  }

  it('are gone, and their files with them, when the network is taken down, which can be done twice', async () => {
    const network = await userlandNetwork({ nodes: ['edge-1'], folder: join(folder, 'n') });
    const link = network.links[0] as EdgeLink;
    const client = new Client(link.throughTunnel);
    await network.down();
    await network.down();
    expect(readdirSync(folder)).to.deep.equal([]);
    await waitFor(() => client.closed, { what: 'the end of a connection', ...deadline });
    const silent = await link.sample().catch((error: unknown) => error);
    expect(silent).to.be.instanceOf(OrdealError).and.include({ code: 'EDGE_NETWORK_SILENT' });
  });

  it('leave nothing when they cannot be started', async () => {
    const path = join(folder, 'x'.repeat(100));
    const long = await userlandNetwork({ nodes: ['a'], folder: path }).catch((error: unknown) => error);
    expect(long).to.be.instanceOf(OrdealError).and.include({ code: 'FOLDER_TOO_LONG' });
    const stopped = new Error('stopped');
    const signal = AbortSignal.abort(stopped);
    const aborted = await userlandNetwork({ nodes: ['a'], folder: join(folder, 'n'), signal }).catch(
      (error: unknown) => error,
    );
    expect(aborted).to.equal(stopped);
    expect(existsSync(join(folder, 'n'))).to.equal(false);
  });
});
