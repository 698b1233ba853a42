import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { UndoStack } from '../../../harness/run/undo.ts';
import type { EdgeLink, EdgeNetwork } from '../port.ts';
import { thisMachine } from './host.ts';
import { netnsLab } from './lab.ts';
import { netnsReadiness } from './readiness.ts';
import { sweepLabs } from './remove.ts';

const listed = (folder: string) => (existsSync(folder) ? readdirSync(folder) : []);

/** What is left of labs: of one by its id, of a process's by its PID. */
function traces(of: string): string[] {
  const namespaces = listed('/run/netns').filter((name) => name.includes(of));
  const sockets = listed('/var/run/wireguard');
  return [...namespaces, ...sockets.filter((name) => name.includes(of.replaceAll('-', '')))];
}

describe('the netns lab', () => {
  it('finds this machine ready', async () => {
    const readiness = await netnsReadiness();
    expect(readiness.filter(({ ok }) => !ok)).to.deep.equal([]);
    expect(readiness.map(({ name }) => name)).to.include.members(['root', 'tc', 'nft', 'WireGuard']);
  });

  describe('of two edge nodes', () => {
    const undo = new UndoStack();
    let network: EdgeNetwork;
    let link: EdgeLink;

    before(async () => {
      network = await netnsLab({ runId: 'lab', nodes: ['edge-1', 'edge-2'], undo });
      link = network.links[0] as EdgeLink;
    });

    after(async () => {
      expect(await undo.unwind()).to.deep.equal([]);
    });

    const handshake = (of: EdgeLink) =>
      waitFor(async () => (await of.sample()).handshakeAgeMs !== null, {
        what: `a handshake of ${of.node}`,
        deadlineMs: 15_000,
      });

    it('says what it is', () => {
      expect(network).to.include({ isolation: 'netns', evidence: 'real-kernel' });
      expect(network.versions.tunnel).to.match(/WireGuard|wireguard-go/);
      expect(network.links.map(({ node }) => node)).to.deep.equal(['edge-1', 'edge-2']);
    });

    it('carries from the start', async () => {
      const { path } = link;
      if (path.kind !== 'kernel') throw new TypeError('no kernel path');
      const { nic, interfaces } = path;
      const state = (port: string) => nic.exec(['cat', `/sys/class/net/${port}/brport/state`]);
      const states = await Promise.all([interfaces.nicEdge, interfaces.nicCloud].map(state));
      // As the kernel counts them, 3 is a port that forwards.
      expect(states.map(({ stdout }) => stdout.trim())).to.deep.equal(['3', '3']);
    });

    it('has no handshake without traffic, and one with a keepalive, of its own link alone', async () => {
      expect((await link.sample()).handshakeAgeMs).to.equal(null);
      await link.setKeepalive(1);
      await handshake(link);
      const { rxBytes, txBytes } = await link.sample();
      expect(rxBytes).to.be.greaterThan(0);
      expect(txBytes).to.be.greaterThan(0);
      expect((await (network.links[1] as EdgeLink).sample()).handshakeAgeMs).to.equal(null);
    });

    it('loses its session with a restart of the tunnel, and nothing else', async () => {
      await link.setKeepalive(0);
      await link.setOffload(false);
      const before = await link.sample();
      await link.restartTunnel();
      const after = await link.sample();
      expect(after.handshakeAgeMs).to.equal(null);
      expect(after.txBytes).to.be.at.least(before.txBytes);
      expect(after.rxBytes).to.be.at.least(before.rxBytes);
      expect(await link.offload()).to.equal(false);
      await link.setKeepalive(1);
      await handshake(link);
      expect((await link.sample()).rxBytes).to.be.greaterThan(before.rxBytes);
    });

    it('switches TX checksum offload at both ends', async () => {
      const { path } = link;
      if (path.kind !== 'kernel') throw new TypeError('no kernel path');
      const atCloud = async () =>
        (await path.cloud.exec(['ethtool', '-k', path.interfaces.cloud])).stdout.includes(
          'tx-checksumming: on',
        );
      for (const on of [true, false, true]) {
        await link.setOffload(on);
        expect(await link.offload()).to.equal(on);
        expect(await atCloud()).to.equal(on);
      }
    });

    it('goes down with whatever runs in it, more than once', async () => {
      const { path } = link;
      if (path.kind !== 'kernel') throw new TypeError('no kernel path');
      const [command, ...args] = [...path.edge.enter, 'sh', '-c', 'echo here; exec sleep 1000'];
      const sleeper = spawn(command as string, args, { stdio: ['ignore', 'pipe', 'ignore'] });
      const ended = once(sleeper, 'exit');
      // It runs in it: whatever is on its way into a namespace is in none yet.
      await once(sleeper.stdout, 'data');
      const namespace = path.edge.enter.at(-1) as string;
      const id = namespace.split('-')[1] as string;
      expect(traces(`-${id}-`)).not.to.deep.equal([]);
      await network.down();
      await ended;
      expect(traces(`-${id}-`)).to.deep.equal([]);
      await network.down();
    });
  });

  it('leaves nothing where it fails half way, at whichever command', async () => {
    let total = Number.POSITIVE_INFINITY;
    let failures = 0;
    for (let failing = 2; failing < total; failing += 3) {
      const undo = new UndoStack();
      let commands = 0;
      const outcome = await netnsLab({
        runId: 'half',
        nodes: ['edge-1'],
        undo,
        exec: async (argv, options) => {
          commands += 1;
          if (commands === failing) return { exitCode: 1, stdout: '', stderr: 'it was told to fail' };
          return await thisMachine(argv, options);
        },
      }).catch((error) => error);
      if (outcome instanceof Error) {
        expect(outcome).to.include({ code: 'NETWORK_LAB_COMMAND' });
        failures += 1;
      } else {
        // What was waited for was waited for once more.
        total = commands;
        await outcome.down();
      }
      expect(traces(`-${process.pid}.`)).to.deep.equal([]);
      expect(undo.size).to.equal(1);
      expect(await undo.unwind()).to.deep.equal([]);
    }
    expect(failures).to.be.at.least(5);
  });

  it('stops when the run is interrupted, and leaves nothing', async () => {
    const abort = new AbortController();
    let commands = 0;
    const outcome = await netnsLab({
      runId: 'stop',
      nodes: ['edge-1'],
      undo: new UndoStack(),
      signal: abort.signal,
      exec: async (argv, options) => {
        commands += 1;
        if (commands === 8) abort.abort(new Error('SIGINT'));
        return await thisMachine(argv, options);
      },
    }).catch((error: Error) => error.message);
    expect(outcome).to.equal('SIGINT');
    expect(traces(`-${process.pid}.`)).to.deep.equal([]);
  });

  it('is swept when its process was killed, and not while that lives', async () => {
    const keeper = fileURLToPath(new URL('./testing/keep-lab.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', keeper], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    const ofChild = `-${child.pid}.`;
    expect(traces(ofChild)).to.have.length(3);
    await sweepLabs();
    expect(traces(ofChild)).to.have.length(3);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    await sweepLabs();
    // A sweep beside this one may be in the middle of it.
    await waitFor(() => traces(ofChild).length === 0, { what: 'nothing of it left', deadlineMs: 10_000 });
  });
});
