import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { waitFor } from '../../../harness/clock/wait-for.ts';
import { processName } from '../../../harness/exec/born-at.ts';
import { run } from '../../../harness/exec/exec.ts';
import { UndoStack } from '../../../harness/run/undo.ts';
import { nodesLab, tunnelDevice } from './lab.ts';
import { type PlainNodes, startPlainNodes } from './testing/plain-nodes.ts';

/** This process's keepers alone: others may be at work on this machine. */
const keepers = async () => {
  const owner = `label=ordeal.network.owner=${processName()}`;
  return (await run(['docker', 'ps', '--all', '--quiet', '--filter', owner])).stdout;
};

describe('the network lab of nodes that are containers', () => {
  let nodes: PlainNodes;

  const lab = (undo = new UndoStack(), more = {}) =>
    nodesLab({
      ...{ runId: 'plain', cloud: nodes.cloud, edges: [nodes.edge], image: nodes.image, undo },
      ...more,
    }).then((laid) => laid.network());
  /** All that the edge's network is, less what counts on. */
  const edgeState = async () => {
    const shown: string[] = [];
    for (const what of ['address', 'route'])
      shown.push(await nodes.say(nodes.edge, 'ip', what, 'show', 'dev', 'eth0'));
    shown.push(await nodes.say(nodes.edge, 'ip', '-br', 'link'));
    // The number of an interface is another after every move, and that of its peer with it; an address of the link’s own is tentative for a second.
    return shown.join('\n').replace(/^\d+: |@if\d+|link-netnsid \d+|qlen \d+| tentative/gm, '');
  };
  const cloudAnswers = async () => {
    const { 0: address = '' } =
      /\d+\.\d+\.\d+\.\d+/.exec(
        await nodes.say(nodes.cloud, 'ip', '-4', '-o', 'address', 'show', 'dev', 'eth0'),
      ) ?? [];
    return await nodes.say(
      nodes.edge,
      'sh',
      '-c',
      `socat -u OPEN:/dev/null TCP4:${address}:9999,connect-timeout=2 2>&1; true`,
    );
  };

  before(async () => {
    nodes = await startPlainNodes();
  });

  after(async () => {
    await nodes?.remove();
  });

  it('lays a NIC into the node’s wire and a tunnel over it, and takes both back', async () => {
    const before = await edgeState();
    const undo = new UndoStack();
    const network = await lab(undo);
    const [link] = network.links;
    if (link?.path.kind !== 'kernel') throw new TypeError('no kernel path');
    const { cloud, edge, interfaces, nic } = link.path;
    // The node is where it was, by another interface.
    expect((await edge.exec(['ip', '-br', '-4', 'address', 'show', 'dev', 'eth0'])).stdout).to.include('UP');
    expect(await cloudAnswers()).to.match(/refused/);
    const seen = async () =>
      Number((await nic.exec(['cat', `/sys/class/net/${interfaces.nicCloud}/statistics/tx_packets`])).stdout);
    const packets = await seen();
    await link.setKeepalive(1);
    await waitFor(async () => (await link.sample()).handshakeAgeMs !== null, {
      what: 'a handshake',
      deadlineMs: 15_000,
    });
    expect(await seen()).to.be.greaterThan(packets);
    expect((await cloud.exec(['ip', '-br', 'link'])).stdout).to.include(tunnelDevice('cloud'));
    expect(await undo.unwind()).to.deep.equal([]);
    expect(await edgeState()).to.equal(before);
    expect(await cloudAnswers()).to.match(/refused/);
    expect(await nodes.say(nodes.edge, 'ip', '-br', 'link')).not.to.include('wg');
    await network.down();
  });

  it('gives the interface back where the run is interrupted half way', async () => {
    const before = await edgeState();
    const eth0 = async () => {
      const shown = await nodes.say(nodes.edge, 'ip', '-o', 'link', 'show', 'dev', 'eth0');
      return shown.split(':')[0];
    };
    const interfaceBefore = await eth0();
    const abort = new AbortController();
    const undo = new UndoStack();
    const outcome = lab(undo, { signal: abort.signal }).catch((error: Error) => error.message);
    // Whatever is called so afterwards has another number. In the middle of the move nothing is, and ip fails.
    const moved = () =>
      eth0().then(
        (shown) => shown !== interfaceBefore,
        () => true,
      );
    await waitFor(moved, { what: 'the node’s interface being moved', deadlineMs: 30_000, intervalMs: 20 });
    abort.abort(new Error('SIGINT'));
    expect(await outcome).to.equal('SIGINT');
    expect(await edgeState()).to.equal(before);
    expect(await undo.unwind()).to.deep.equal([]);
    expect(await keepers()).to.equal('');
  });

  it('has left nothing of what it made where its keeper was killed', async () => {
    const undo = new UndoStack();
    const network = await lab(undo);
    const path = network.links[0]?.path;
    if (path?.kind !== 'kernel') throw new TypeError('no kernel path');
    const keeper = path.nic.enter[3] as string;
    const { stdout: listed } = await run(['docker', 'top', keeper, '-eo', 'pid']);
    const pids = listed.match(/^\s*\d+/gm)?.map(Number) ?? [];
    expect(pids).not.to.deep.equal([]);
    const mac = (await nodes.say(nodes.edge, 'cat', '/sys/class/net/eth0/address')).trim();
    await run(['docker', 'kill', '--signal=KILL', keeper]);
    const links = async () => (await nodes.say(nodes.edge, 'ip', '-br', 'link')).split('\n');
    await waitFor(async () => (await links()).length === 1, {
      what: 'the end of the NIC and of the tunnel',
      deadlineMs: 10_000,
    });
    // What held its namespaces open is dead; Docker has yet to take note of it.
    const left = () => pids.filter((pid) => existsSync(`/proc/${pid}`));
    await waitFor(() => left().length === 0, {
      what: 'the end of its processes',
      deadlineMs: 10_000,
      seen: () => left().join(),
    });
    expect(await undo.unwind()).to.deep.equal([]);
    await nodes.remove();
    expect(await keepers()).to.equal('');
    expect((await run(['ip', '-o', 'link'])).stdout).not.to.include(mac);
  });
});
