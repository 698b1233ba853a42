import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type EdgeLink, Impairments } from '../../clusters/network/port.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { validated } from '../contract.ts';
import type { Fault } from '../port.ts';
import { checksumCorruption } from './checksum-corruption.ts';
import { addImpairment, removeImpairment } from './impairments.ts';
import { mtuBlackhole } from './mtu-blackhole.ts';
import { natRebind } from './nat-rebind.ts';
import { NetemWith, netem } from './netem.ts';
import { offloadDefect } from './offload-defect.ts';
import { partition } from './partition.ts';
import { spec } from './spec.ts';
import { Ground } from './testing/ground.ts';
import { tunnelRestart } from './tunnel-restart.ts';

describe('a fault of a link through a relay', () => {
  let folder: string;
  let ground: Ground;
  let restarts: number;
  let link: EdgeLink;
  let relaying: NodeJS.Timeout | undefined;
  const files = () => ({ impairments: join(folder, 'impairments.json'), state: join(folder, 'state.json') });
  const asked = () => Impairments.parse(JSON.parse(readFileSync(files().impairments, 'utf8'))).impairments;

  /** A relay that touches a datagram each time it looks. */
  const relay = () => {
    const touched: Record<string, number> = {};
    const look = () => {
      const now = asked();
      for (const { id } of now) touched[id] = (touched[id] ?? 0) + 1;
      const state = { applied: now.map(({ id }) => id), passed: 0, touched };
      writeFileSync(`${files().state}.new`, JSON.stringify(state));
      renameSync(`${files().state}.new`, files().state);
    };
    look();
    relaying = setInterval(look, 10);
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'relay-test-'));
    ground = new Ground();
    restarts = 0;
    writeFileSync(files().impairments, JSON.stringify({ impairments: [] }));
    link = {
      node: 'edge-1',
      path: { kind: 'relay', ...files() },
      restartTunnel: async () => {
        restarts += 1;
      },
      sample: async () => ({ handshakeAgeMs: null, rxBytes: 0, txBytes: 0, inCsumErrors: 0 }),
    } as unknown as EdgeLink;
  });

  afterEach(() => {
    clearInterval(relaying);
    ground.end();
    rmSync(folder, { recursive: true, force: true });
  });

  const faults: [Fault['kind'], () => Fault, object][] = [
    [
      'network/offload-defect',
      () => offloadDefect('f', { match: 'tunnel' }, link),
      { offloadDefect: true, direction: 'to-cloud', match: 'tunnel' },
    ],
    [
      'network/partition',
      () => partition('f', { direction: 'to-edge', match: 'all' }, link),
      { loss: 100, direction: 'to-edge', match: 'all' },
    ],
    [
      'network/checksum-corruption',
      () => checksumCorruption('f', { share: 30, direction: 'both', match: 'handshake' }, link),
      { corrupt: 30, direction: 'both', match: 'handshake' },
    ],
    [
      'network/mtu-blackhole',
      () => mtuBlackhole('f', { maxBytes: 1_280, direction: 'both', match: 'all' }, link),
      { maxBytes: 1_280 },
    ],
    ['network/nat-rebind', () => natRebind('f', { port: 40_820 }, link), { rebind: true }],
    [
      'network/netem',
      () => netem('f', NetemWith.parse({ delay: '40ms', jitter: '5ms', loss: 1, rate: 256 }), link),
      { delayMs: 40, jitterMs: 5, loss: 1, rateKbit: 256, match: 'all' },
    ],
  ];

  for (const [kind, make, impairment] of faults) {
    it(`is asked for, bites by the relay’s own count, and is let go: ${kind}`, async () => {
      relay();
      await addImpairment(files().impairments, { ...spec({}), id: 'other', untilWall: 1 });
      let during: object[] = [];
      const history = await ground.hold(make(), async () => {
        during = asked();
      });
      expect(during.at(-1)).to.include({ id: 'f', ...impairment });
      const said = Object.fromEntries(history.map(({ type, body }) => [type, body]));
      expect(said['fault.injected']).to.include({ kind, mechanism: 'relay' });
      expect(said['fault.bit']).to.include({ bit: true });
      expect(said['fault.healed']).to.include({ healed: true });
      expect(asked().map(({ id }) => id)).to.deep.equal(['other']);
    });
  }

  it('is refused where no relay runs', async () => {
    const fault = partition('f', { direction: 'both', match: 'all' }, link);
    const history = await ground.hold(fault, async () => expect.fail('the work was done'));
    expect(history.map(({ type }) => type)).to.deep.equal(['fault.refused']);
    expect(asked()).to.deep.equal([]);
  });

  it('is taken back by whoever reads the journal, also where it is gone already', async () => {
    relay();
    const fault = validated(partition('f', { direction: 'both', match: 'all' }, link));
    const context = ground.context();
    await fault.capability(context);
    expect(fault.healRecord()).to.deep.equal({ by: 'impairment', file: files().impairments, id: 'f' });
    await fault.inject(context);
    await removeImpairment(files().impairments, 'f');
    await removeImpairment(files().impairments, 'f');
    await fault.heal(context);
    await waitFor(async () => (await fault.gone(context)).seen, { what: 'it gone', deadlineMs: 10_000 });
    clearInterval(relaying);
    rmSync(files().impairments);
    await removeImpairment(files().impairments, 'f');
  });

  it('of a tunnel restart is the link’s own', async () => {
    const history = await ground.hold(tunnelRestart('f', {}, link), async () => undefined);
    expect(restarts).to.equal(1);
    expect(history.map(({ type }) => type)).to.include.members(['fault.bit', 'fault.healed']);
  });

  it('of netem asks for something, and for a delay where it jitters', () => {
    expect(NetemWith.safeParse({}).success).to.equal(false);
    expect(NetemWith.safeParse({ jitter: '5ms', loss: 1 }).success).to.equal(false);
    expect(NetemWith.parse({ delay: '1.5s' })).to.include({ delay: 1_500, match: 'all', direction: 'both' });
  });
});
