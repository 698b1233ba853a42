import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { type NodeContainer, nodesLab } from '../../clusters/network/nodes/lab.ts';
import { startPlainNodes } from '../../clusters/network/nodes/testing/plain-nodes.ts';
import type { EdgeLink } from '../../clusters/network/port.ts';
import type { Cluster } from '../../clusters/port.ts';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { run, tryRun } from '../../harness/exec/exec.ts';
import { memoryRecorder } from '../../harness/history/writer.ts';
import { UndoStack } from '../../harness/run/undo.ts';
import { healJournal } from '../journal.ts';
import { within } from '../testing/within.ts';
import { FaultKeeper } from '../wrapper.ts';
import { checksumCorruption } from './checksum-corruption.ts';
import { Ground } from './testing/ground.ts';

interface Nodes {
  image: string;
  cloud: NodeContainer;
  edge: NodeContainer;
}

const LEASE_MS = 4_000;
/** What the fault makes in the cloud's node, which stays when the lab is gone. */
const TABLE = 'table netdev ordeal_eth0';

/** In a process of its own: a lab over the nodes, and a fault of it that is held until the process is killed. */
async function holdFault({ cloud, edge, image }: Nodes): Promise<void> {
  const undo = new UndoStack();
  const lab = await nodesLab({ runId: 'dead-man', cloud, edges: [edge], image, undo });
  const { links } = await lab.network();
  const wanted = { share: 100, direction: 'to-cloud', match: 'tunnel' } as const;
  const fault = checksumCorruption('c', wanted, links[0] as EdgeLink);
  const keeper = new FaultKeeper({
    ...{
      cluster: { nodes: [] as Cluster['nodes'] } as Cluster,
      clock: systemClock,
      recorder: memoryRecorder(systemClock),
      runId: 'dead-man',
    },
    ...{ signal: new AbortController().signal, leaseMs: LEASE_MS },
    deadlineWall: systemClock.wall() + 300_000,
    radius: within(fault),
  });
  await keeper.hold(fault, async () => {
    process.stdout.write('held\n');
    await systemClock.sleep(300_000);
  });
}

if (import.meta.filename === process.argv[1]) await holdFault(JSON.parse(process.argv[2] as string));
else {
  describe('nodes that are containers, whose harness is killed in the middle of a fault', () => {
    let state: string;
    let nodes: Awaited<ReturnType<typeof startPlainNodes>>;

    // A network that was killed with its harness leaves an edge node without one.
    beforeEach(async () => {
      state = mkdtempSync(join(tmpdir(), 'dead-man-test-'));
      nodes = await startPlainNodes();
    });

    afterEach(async () => {
      await nodes?.remove();
      rmSync(state, { recursive: true, force: true });
    });

    /** By the machine's own eyes: a node has no right to look. */
    const rulesOfCloud = async () => {
      const { container } = nodes.cloud;
      const { stdout: pid } = await run(['docker', 'inspect', '--format', '{{.State.Pid}}', container]);
      return (await run(['nsenter', `--net=/proc/${pid}/ns/net`, 'nft', 'list', 'ruleset'])).stdout;
    };

    it('are healed from within the keeper, which then ends', async () => {
      const { cloud, edge, image } = nodes;
      const argv = ['--import', 'tsx', import.meta.filename, JSON.stringify({ cloud, edge, image })];
      const env = { ...process.env, XDG_STATE_HOME: state };
      const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'], env });
      try {
        const lines: string[] = [];
        createInterface(child.stdout).on('line', (line) => lines.push(line));
        await waitFor(() => lines.includes('held') || child.exitCode !== null, {
          what: 'the fault held',
          deadlineMs: 90_000,
        });
        expect(await rulesOfCloud()).to.include(TABLE);
      } finally {
        child.kill('SIGKILL');
      }
      await once(child, 'exit');
      const from = systemClock.mono();
      await waitFor(async () => !(await rulesOfCloud()).includes(TABLE), {
        what: 'the cloud’s node healed',
        deadlineMs: 10_000,
      });
      process.stdout.write(`      healed in ${Math.round(systemClock.mono() - from)} ms\n`);
      const owned = ['docker', 'ps', '--all', '--filter', `label=ordeal.network.owner`];
      const keeperOf = async () =>
        (await tryRun([...owned, '--format', '{{.Label "ordeal.network.owner"}}'])).stdout
          .split('\n')
          .filter((owner) => owner.startsWith(`${child.pid}.`));
      await waitFor(async () => (await keeperOf()).length === 0, {
        what: 'the keeper’s end',
        deadlineMs: 3 * LEASE_MS + 10_000,
      });
      const before = process.env.XDG_STATE_HOME;
      process.env.XDG_STATE_HOME = state;
      try {
        expect(await healJournal()).to.deep.equal(['fault network/checksum-corruption of run dead-man']);
        expect(await healJournal()).to.deep.equal([]);
      } finally {
        if (before === undefined) delete process.env.XDG_STATE_HOME;
        else process.env.XDG_STATE_HOME = before;
      }
    });

    it('are healed also where one of them was restarted under the fault', async () => {
      const { cloud, edge, image } = nodes;
      const undo = new UndoStack();
      const ground = new Ground();
      try {
        const lab = await nodesLab({ runId: 'restarted', cloud, edges: [edge], image, undo });
        const { links } = await lab.network();
        const wanted = { share: 100, direction: 'to-cloud', match: 'tunnel' } as const;
        const history = await ground.hold(checksumCorruption('c', wanted, links[0] as EdgeLink), async () => {
          expect(await rulesOfCloud()).to.include(TABLE);
          await run(['docker', 'restart', '--time', '0', cloud.container]);
        });
        const healed = history.find(({ type }) => type === 'fault.healed')?.body;
        expect(healed).to.include({ healed: true });
        expect(await rulesOfCloud()).not.to.include(TABLE);
        expect(ground.journalled()).to.deep.equal([]);
      } finally {
        ground.end();
        await undo.unwind();
      }
    });
  });
}
