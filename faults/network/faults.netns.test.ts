import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { netnsLab } from '../../clusters/network/netns/lab.ts';
import type { EdgeLink, EdgeNetwork } from '../../clusters/network/port.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { run, tryRun } from '../../harness/exec/exec.ts';
import type { History } from '../../harness/history/event.ts';
import { UndoStack } from '../../harness/run/undo.ts';
import { validated } from '../contract.ts';
import { healJournal, journal } from '../journal.ts';
import type { Fault } from '../port.ts';
import { checksumCorruption } from './checksum-corruption.ts';
import { mtuBlackhole } from './mtu-blackhole.ts';
import { natRebind } from './nat-rebind.ts';
import { NetemWith, netem } from './netem.ts';
import { offloadDefect } from './offload-defect.ts';
import { partition } from './partition.ts';
import {
  answers,
  changing,
  Ground,
  kernelOf,
  kernelState,
  lives,
  send,
  serve,
  through,
  withoutNft,
} from './testing/ground.ts';
import { tunnelRestart } from './tunnel-restart.ts';

/** A handshake is tried again every 5 s and up to 333 ms, and a busy machine may lose some. */
const BACK_MS = 30_000;

describe('faults of a link in network namespaces', () => {
  const undo = new UndoStack();
  let ground: Ground;
  let network: EdgeNetwork;
  let link: EdgeLink;
  let pristine: string;

  before(async () => {
    ground = new Ground();
    network = await netnsLab({ runId: 'faults', nodes: ['edge-1'], undo });
    link = network.links[0] as EdgeLink;
    if (network.cloud.hop) await serve(network.cloud.hop, link);
    await link.setKeepalive(1);
    await waitFor(tunnel, { what: 'the tunnel', deadlineMs: BACK_MS });
    pristine = await kernelState(link);
  });

  after(async () => {
    ground?.end();
    expect(await undo.unwind()).to.deep.equal([]);
  });

  const tunnel = () => answers(link, link.throughTunnel.mqtt);
  const host = () => answers(link, link.byHost.mqtt);
  const tunnelBack = () => waitFor(tunnel, { what: 'the tunnel back', deadlineMs: BACK_MS });
  const csumErrors = async () => (await link.sample()).inCsumErrors;

  const packetSockets = async () => {
    const { stdout } = await kernelOf(link).nic.exec(['cat', '/proc/net/packet']);
    return stdout.split('\n').length - 1;
  };

  const namespaceOf = (of: EdgeLink) => kernelOf(of).nic.enter.at(-1) as string;

  const body = (history: History, type: string) =>
    history.find((event) => event.type === type)?.body as Record<string, unknown> | undefined;

  /** Bit by this mechanism, healed, gone from the journal and from the kernels. */
  const passed = async (history: History, mechanism: string) => {
    expect(body(history, 'fault.injected')).to.include({ mechanism });
    expect(body(history, 'fault.bit'), 'bit').to.include({ bit: true });
    expect(body(history, 'fault.healed'), 'healed').to.include({ healed: true });
    expect(ground.journalled()).to.deep.equal([]);
    expect(await kernelState(link)).to.equal(pristine);
  };

  for (const [mechanism, poorer] of [
    ['nftables', (of: EdgeLink) => of],
    ['classic BPF', withoutNft],
  ] as const) {
    describe(`by ${mechanism}`, () => {
      it('partition cuts both ways, and one way', async () => {
        for (const direction of ['both', 'to-cloud', 'to-edge'] as const) {
          const fault = partition('p', { direction, match: 'all' }, poorer(link));
          const history = await ground.hold(fault, async () => {
            expect(await host()).to.equal(false);
            expect(await tunnel()).to.equal(false);
          });
          await passed(history, mechanism);
          await waitFor(host, { what: 'the host back', deadlineMs: BACK_MS });
        }
        await tunnelBack();
      });

      it('partition of the tunnel leaves the host alone', async () => {
        const fault = partition('p', { direction: 'both', match: 'tunnel' }, poorer(link));
        const history = await ground.hold(fault, async () => {
          await lives(host, 'by the host network');
          expect(await tunnel()).to.equal(false);
        });
        await passed(history, mechanism);
        await tunnelBack();
      });

      it('partition of handshakes leaves a living session alone, and forbids another', async () => {
        await tunnelBack();
        const fault = partition('p', { direction: 'both', match: 'handshake' }, poorer(link));
        const history = await ground.hold(fault, async () => {
          await lives(tunnel, 'through the tunnel');
          await link.restartTunnel();
          expect(await tunnel()).to.equal(false);
          expect((await link.sample()).handshakeAgeMs).to.equal(null);
        });
        await passed(history, mechanism);
        await tunnelBack();
      });

      it('MTU blackhole takes the large alone', async () => {
        const fault = mtuBlackhole('m', { maxBytes: 600, direction: 'to-cloud', match: 'all' }, poorer(link));
        const history = await ground.hold(fault, async () => {
          await lives(host, 'by the host network');
          await send(link, 3, 900);
        });
        await passed(history, mechanism);
      });

      it('loss takes a share', async () => {
        const wanted = NetemWith.parse({ loss: 50, direction: 'to-cloud' });
        const history = await ground.hold(netem('n', wanted, poorer(link)), () => send(link, 30));
        await passed(history, mechanism);
      });

      it('a rate is held beside a loss, by a token bucket', async () => {
        const wanted = NetemWith.parse({ loss: 50, rate: 64, direction: 'to-cloud' });
        const history = await ground.hold(netem('n', wanted, poorer(link)), () => send(link, 30, 1_400));
        await passed(history, `${mechanism} and tc tbf`);
      });
    });
  }

  it('checksum corruption is the receiver’s to see, whatever the offload setting', async () => {
    for (const on of [true, false]) {
      await link.setOffload(on);
      const before = await csumErrors();
      const fault = checksumCorruption('c', { share: 100, direction: 'to-cloud', match: 'tunnel' }, link);
      const history = await ground.hold(fault, async () => {
        expect(await tunnel()).to.equal(false);
        await lives(host, 'by the host network');
        expect(await csumErrors()).to.be.greaterThan(before);
      });
      await passed(history, 'nftables');
      await tunnelBack();
    }
    await link.setOffload(true);
  });

  it('checksum corruption of everything is of the host’s connections too', async () => {
    const fault = checksumCorruption('c', { share: 100, direction: 'both', match: 'all' }, link);
    const history = await ground.hold(fault, async () => {
      expect(await host()).to.equal(false);
    });
    await passed(history, 'nftables');
    await waitFor(host, { what: 'the host back', deadlineMs: BACK_MS });
    await tunnelBack();
  });

  it('checksum corruption is as loss by classic BPF', async () => {
    const wanted = { share: 100, direction: 'to-cloud', match: 'tunnel' } as const;
    const history = await ground.hold(checksumCorruption('c', wanted, withoutNft(link)), async () => {
      expect(await tunnel()).to.equal(false);
      await lives(host, 'by the host network');
    });
    await passed(history, 'classic BPF (corruption as loss)');
    await tunnelBack();
  });

  it('checksum corruption is refused to nftables where the NIC passes half-made checksums on', async () => {
    const { interfaces, nic } = kernelOf(link);
    const tx = (word: string) => nic.exec(['ethtool', '-K', interfaces.nicCloud, 'tx', word]);
    await tx('on');
    const wanted = { share: 100, direction: 'to-cloud', match: 'tunnel' } as const;
    const history = await ground.hold(checksumCorruption('c', wanted, link), async () => {
      expect(await tunnel()).to.equal(false);
    });
    await tx('off');
    await passed(history, 'classic BPF (corruption as loss)');
    await tunnelBack();
  });

  it('duplicates arrive', async () => {
    const wanted = NetemWith.parse({ duplicate: 100, direction: 'to-cloud' });
    const { cloud, interfaces } = kernelOf(link);
    const arrived = async () => {
      const argv = ['cat', `/sys/class/net/${interfaces.cloud}/statistics/rx_packets`];
      return Number((await cloud.exec(argv)).stdout);
    };
    let rose = 0;
    const history = await ground.hold(netem('n', wanted, link), async () => {
      const before = await arrived();
      await send(link, 10);
      // A busy kernel hands frames over a moment later; what else goes to the cloud meanwhile is a few keepalives.
      await waitFor(
        async () => {
          rose = (await arrived()) - before;
          return rose >= 20;
        },
        { what: 'both of each', deadlineMs: 2_000, seen: () => `${rose} frames` },
      );
    });
    await passed(history, 'nftables');
  });

  for (const match of ['all', 'tunnel'] as const) {
    it(`a rate alone is a token bucket, for ${match}`, async () => {
      const wanted = NetemWith.parse({ rate: match === 'all' ? 64 : 1, match, direction: 'to-cloud' });
      const history = await ground.hold(netem('n', wanted, link), async () => {
        if (match === 'all') await send(link, 20, 1_400);
        else for (let round = 0; round < 8; round += 1) await tunnel();
      });
      await passed(history, 'tc tbf');
      await tunnelBack();
    });
  }

  it('an offload defect of handshakes leaves a living session alone, and forbids another', async () => {
    await tunnelBack();
    const history = await ground.hold(offloadDefect('o', { match: 'handshake' }, link), async () => {
      await lives(tunnel, 'through the tunnel');
      await link.restartTunnel();
      expect(await tunnel()).to.equal(false);
      await lives(host, 'by the host network');
      expect(await packetSockets()).to.equal(2);
    });
    await passed(history, 'relay NIC (tc redirect, socat)');
    await waitFor(async () => (await packetSockets()) === 0, { what: 'the relay’s end', deadlineMs: 5_000 });
    await tunnelBack();
  });

  it('an offload defect of all is the end of the host’s connections too, until the offload is off', async () => {
    const history = await ground.hold(offloadDefect('o', { match: 'all' }, link), async () => {
      expect(await host()).to.equal(false);
      await link.setOffload(false);
      await lives(host, 'by the host network');
      await link.setOffload(true);
    });
    await passed(history, 'relay NIC (tc redirect, socat)');
    await tunnelBack();
  });

  it('an offload defect whose relay is killed under it is healed all the same', async () => {
    const { interfaces } = kernelOf(link);
    const relay = `INTERFACE:ordeal-t1 INTERFACE:${interfaces.nicCloud}`;
    const history = await ground.hold(offloadDefect('o', { match: 'all' }, link), async () => {
      expect(await host()).to.equal(false);
      const { stdout } = await kernelOf(link).nic.exec(['ip', 'netns', 'pids', namespaceOf(link)]);
      for (const pid of stdout.split('\n').filter(Boolean)) {
        const { stdout: command } = await tryRun(['ps', '-o', 'args=', '-p', pid]);
        if (command.includes(relay)) process.kill(Number(pid), 'SIGKILL');
      }
      await waitFor(async () => (await packetSockets()) === 0, { what: 'its end', deadlineMs: 5_000 });
    });
    await passed(history, 'relay NIC (tc redirect, socat)');
    await tunnelBack();
  });

  it('a tunnel restart loses the session, and is over at once', async () => {
    await tunnelBack();
    const history = await ground.hold(tunnelRestart('t', {}, link), async () => undefined);
    await passed(history, 'the tunnel’s end taken down and up');
    await tunnelBack();
  });

  it('a rebinding NAT changes the port that the cloud sees, and the tunnel roams', async () => {
    await tunnelBack();
    const { cloud, interfaces } = kernelOf(link);
    const endpoints = async () =>
      (await cloud.exec(['wg', 'show', interfaces.tunnelAtCloud ?? interfaces.tunnel, 'endpoints'])).stdout;
    expect(await endpoints()).to.match(/:51820$/);
    const history = await ground.hold(natRebind('r', { port: 40_820 }, link), async () => {
      await waitFor(async () => (await endpoints()).endsWith(':40820'), {
        what: 'the tunnel’s new port at the cloud',
        deadlineMs: BACK_MS,
      });
      await tunnelBack();
    });
    await passed(history, 'nftables');
    await tunnelBack();
  });

  describe('what is not ours', () => {
    const wanted = NetemWith.parse({ rate: 64, direction: 'to-cloud' });
    const cases: { of: string; add: string[]; del: string[]; faults: () => Fault[] }[] = [
      {
        of: 'a qdisc at the root',
        add: ['tc', 'qdisc', 'add', 'dev', 'n1', 'root', 'handle', '1:', 'pfifo'],
        del: ['tc', 'qdisc', 'del', 'dev', 'n1', 'root'],
        faults: () => [netem('n', wanted, link)],
      },
      {
        of: 'a clsact',
        add: ['tc', 'qdisc', 'add', 'dev', 'n0', 'clsact'],
        del: ['tc', 'qdisc', 'del', 'dev', 'n0', 'clsact'],
        faults: () => [
          offloadDefect('o', { match: 'tunnel' }, link),
          partition('p', { direction: 'both', match: 'all' }, withoutNft(link)),
        ],
      },
      {
        of: 'an ingress qdisc',
        add: ['tc', 'qdisc', 'add', 'dev', 'n0', 'ingress'],
        del: ['tc', 'qdisc', 'del', 'dev', 'n0', 'ingress'],
        faults: () => [offloadDefect('o', { match: 'tunnel' }, link)],
      },
      {
        of: 'an nft table of our name',
        add: ['nft', 'add', 'table', 'netdev', 'ordeal_n0'],
        del: ['nft', 'delete', 'table', 'netdev', 'ordeal_n0'],
        faults: () => [
          partition('p', { direction: 'both', match: 'all' }, link),
          natRebind('r', { port: 40_820 }, link),
        ],
      },
      {
        of: 'an interface of our name',
        add: ['ip', 'link', 'add', 'ordeal-t0', 'type', 'bridge'],
        del: ['ip', 'link', 'del', 'ordeal-t0'],
        faults: () => [offloadDefect('o', { match: 'tunnel' }, link)],
      },
    ];

    for (const { of, add, del, faults } of cases) {
      it(`is a refusal, and left alone: ${of}`, async () => {
        const { nic } = kernelOf(link);
        expect(await nic.exec(add)).to.include({ exitCode: 0 });
        const foreign = await kernelState(link);
        for (const fault of faults()) {
          const history = await ground.hold(fault, async () => expect.fail('the work was done'));
          expect(body(history, 'fault.refused')?.reason).to.match(/what is not ours is left alone$/);
          expect(await kernelState(link)).to.equal(foreign);
        }
        expect(await nic.exec(del)).to.include({ exitCode: 0 });
        expect(await kernelState(link)).to.equal(pristine);
      });
    }
  });

  /** Every fault that this kernel can do, on a link of one's choice. */
  const every: Record<string, (on: EdgeLink) => Fault> = {
    'offload defect': (on) => offloadDefect('h', { match: 'tunnel' }, on),
    'partition by nftables': (on) => partition('h', { direction: 'both', match: 'all' }, on),
    'partition by classic BPF': (on) =>
      partition('h', { direction: 'to-edge', match: 'all' }, withoutNft(on)),
    corruption: (on) => checksumCorruption('h', { share: 30, direction: 'both', match: 'all' }, on),
    'a rate of the tunnel': (on) =>
      netem('h', NetemWith.parse({ rate: 64, match: 'tunnel', direction: 'to-cloud' }), on),
    'NAT rebind': (on) => natRebind('h', { port: 40_820 }, on),
    'tunnel restart': (on) => tunnelRestart('h', {}, on),
  };

  for (const [name, make] of Object.entries(every)) {
    it(`half injected is healed: ${name}`, async () => {
      // What changes something fails: the first, then the second, until none is left to fail.
      for (let failing = 1, failed = true; failed; failing += 1) {
        failed = false;
        let changes = 0;
        const failer = through(link, (hop) => async (argv, options) => {
          const counts = changing(argv);
          if (counts) changes += 1;
          failed ||= counts && changes === failing;
          if (counts && changes === failing) return { exitCode: 1, stdout: '', stderr: 'told to fail' };
          return await hop.exec(argv, options);
        });
        const outcome = await ground.hold(make(failer), async () => undefined).catch((error) => error);
        if (failed) expect(outcome).to.include({ code: 'FAULT_COMMAND_FAILED' });
        expect(ground.journalled()).to.deep.equal([]);
        expect(await kernelState(link)).to.equal(pristine);
      }
    });

    it(`is healed with the harness dead, once and again: ${name}`, async () => {
      const fault = validated(make(link));
      const context = ground.context();
      expect(await fault.capability(context)).to.include({ ok: true });
      const { id, kind } = fault;
      const entry = journal({ run: 'dead', fault: id, kind, record: fault.healRecord() });
      await fault.inject(context);
      await orphan();
      expect(await healJournal()).to.deep.equal([`fault ${kind} of run dead`]);
      expect(await healJournal()).to.deep.equal([]);
      expect(await kernelState(link)).to.equal(pristine);
      await fault.heal(context);
      expect(await fault.gone(context)).to.include({ seen: true });
      expect(await kernelState(link)).to.equal(pristine);
      entry.forget();
    });
  }

  it('is not injected where the journal’s disk is full', async () => {
    mkdirSync(ground.journalFolder, { recursive: true });
    await run(['mount', '-t', 'tmpfs', '-o', 'size=4k', 'ordeal-test', ground.journalFolder]);
    try {
      writeFileSync(join(ground.journalFolder, 'filler'), Buffer.alloc(4_096));
      const fault = partition('p', { direction: 'both', match: 'all' }, link);
      const context = ground.context(fault);
      const outcome = await ground
        .hold(fault, async () => expect.fail('it went on'), context)
        .catch((e) => e);
      expect(outcome).to.include({ code: 'JOURNAL_UNWRITABLE', exit: 4 });
      expect(context.recorder.events).to.deep.equal([]);
      expect(await kernelState(link)).to.equal(pristine);
      expect(ground.journalled()).to.deep.equal(['filler']);
    } finally {
      await run(['umount', ground.journalFolder]);
    }
  });

  it('whose target vanishes is no more, and says so', async () => {
    const undoing = new UndoStack();
    const other = await netnsLab({ runId: 'vanishing', nodes: ['edge-3'], undo: undoing });
    const fault = partition('p', { direction: 'both', match: 'all' }, other.links[0] as EdgeLink);
    const history = await ground.hold(fault, async () => {
      expect(await undoing.unwind()).to.deep.equal([]);
    });
    expect(body(history, 'fault.healed')).to.include({ healed: true, vanished: true });
    expect(ground.journalled()).to.deep.equal([]);
  });

  it('whose namespaces are gone is healed', async () => {
    const undoing = new UndoStack();
    const other = await netnsLab({ runId: 'gone', nodes: ['edge-2'], undo: undoing });
    const wanted = { direction: 'both', match: 'all' } as const;
    const fault = validated(partition('p', wanted, other.links[0] as EdgeLink));
    const context = ground.context();
    await fault.capability(context);
    journal({ run: 'dead', fault: 'p', kind: fault.kind, record: fault.healRecord() });
    await fault.inject(context);
    expect(await undoing.unwind()).to.deep.equal([]);
    await orphan();
    expect(await healJournal()).to.have.length(1);
    await fault.heal(context);
    expect(await fault.gone(context)).to.include({ seen: true, vanished: true });
  });

  /** Makes the journal's entries those of a process that has ended. */
  async function orphan(): Promise<void> {
    const { stdout } = await tryRun([process.execPath, '-p', 'process.pid']);
    for (const name of readdirSync(ground.journalFolder)) {
      const path = join(ground.journalFolder, name);
      const entry = { ...JSON.parse(readFileSync(path, 'utf8')), pid: Number(stdout), born: '0' };
      writeFileSync(path, JSON.stringify(entry));
    }
  }
});
