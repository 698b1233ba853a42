import { createSocket } from 'node:dgram';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EdgeLink } from '../../../clusters/network/port.ts';
import { userlandNetwork } from '../../../clusters/network/userland/network.ts';
import { partition } from '../../../faults/network/partition.ts';
import { Ground } from '../../../faults/network/testing/ground.ts';
import type { Benchmark, Figure } from '../../../harness/bench/benchmark.ts';
import type { History } from '../../../harness/history/event.ts';

const NODES = 50;
/** Between two datagrams of a link, for a fault of a link bites what passes. */
const TRAFFIC_MS = 10;
/** The design's. */
const GOAL_MS = 150;
const GOAL_AT_ONCE_MS = 1_000;
const REPETITIONS = 5;

/** From the call of a fault's inject to the first evidence that it bit, on links of process isolation. */
export const benchmark: Benchmark = {
  name: 'inject-to-bite',
  rounds: 1,
  missing: async () => undefined,
  async round(signal) {
    const folder = await mkdtemp(join(tmpdir(), 'bench-'));
    const ground = new Ground();
    const nodes = Array.from({ length: NODES }, (_, at) => `edge-${at}`);
    const network = await userlandNetwork({ nodes, folder, signal });
    const hush = talk(network.links);
    try {
      const [first] = network.links as [EdgeLink];
      const figures: Figure[] = [];
      for (let repetition = 0; repetition < REPETITIONS; repetition++) {
        signal.throwIfAborted();
        const one = await biteMs(ground, first, `one-${repetition}`);
        const all = await Promise.all(network.links.map((link) => biteMs(ground, link, `all-${repetition}`)));
        figures.push(
          { name: 'one node', value: one, unit: 'ms', goal: GOAL_MS },
          {
            name: `the last of ${NODES} nodes at once`,
            value: Math.max(...all),
            unit: 'ms',
            goal: GOAL_AT_ONCE_MS,
          },
        );
      }
      return figures;
    } finally {
      hush();
      await network.down();
      ground.end();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** The hosts of all links say something to the cloud all the time. */
function talk(links: readonly EdgeLink[]): () => void {
  const socket = createSocket({ type: 'udp4', lookup: (host, _, done) => done(null, host, 4) });
  socket.on('error', () => undefined);
  const timer = setInterval(() => {
    for (const { byHost } of links) socket.send('x', byHost.echo.port, byHost.echo.host);
  }, TRAFFIC_MS);
  return () => {
    clearInterval(timer);
    socket.close();
  };
}

async function biteMs(ground: Ground, link: EdgeLink, id: string): Promise<number> {
  const fault = partition(`${id}-${link.node}`, { direction: 'both', match: 'all' }, link);
  // As a run looks, which waits for the bite where there is nothing else to do.
  const history = await ground.hold(fault, async () => undefined, {}, { pollMs: 200 });
  const at = (type: string) => monoOf(history, type);
  return at('fault.bit') - at('fault.injecting');
}

function monoOf(history: History, type: string): number {
  const event = history.find((each) => each.type === type);
  if (!event || (type === 'fault.bit' && !(event.body as { bit: boolean }).bit))
    throw new Error(`no ${type}`);
  return event.mono;
}
