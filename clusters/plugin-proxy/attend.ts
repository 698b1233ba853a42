import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import type { Clock } from '../../harness/clock/clock.ts';
import { messageOf } from '../../harness/errors/error.ts';
import { processName } from '../../harness/exec/born-at.ts';
import { Tail } from '../gpu-node/follow.ts';
import { Attendant, type Hands } from './attendant.ts';
import { answers } from './discover.ts';
import { readFront, writeFront } from './front.ts';
import { onNode } from './give-back.ts';
import { Keeper } from './keeper.ts';
import { proxyFiles } from './layout.ts';
import { backTo, givenBy, logOf, ownSocket, stands, vendorOf } from './on-node.ts';
import { type Answered, type Asked, AttendantRequest } from './protocol.ts';
import type { Stand } from './settings.ts';

/**
 * Attends to a node's proxy until there is nothing more to do. Whoever talks to it does so by a socket in its folder.
 * @param program what starts the proxy, without its command
 */
export async function attendOn(stand: Stand, program: readonly string[], clock: Clock): Promise<void> {
  const { root, talk } = proxyFiles(stand.stateDir, stand.resource);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  // The one before this was killed, and its proxy with it.
  const left = readFront(stand) !== undefined;
  await backTo(stand, clock);
  const hands = handsOn(stand, program, clock);
  const attendant = new Attendant(hands, clock, left ? 'its attendant was killed' : undefined);
  // Its pod is told to end.
  process.on('SIGTERM', () => void attendant.answer({ do: 'end' }));
  rmSync(talk, { force: true });
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    createInterface({ input: socket })
      .on('line', async (line) => socket.write(`${JSON.stringify(await answerTo(line, attendant))}\n`))
      .on('error', () => undefined);
  });
  server.listen(talk);
  await attendant.attend();
}

async function answerTo(line: string, attendant: Attendant): Promise<Answered> {
  let id = 0;
  try {
    const asked = JSON.parse(line) as Asked;
    id = asked.id;
    return { id, answer: await attendant.answer(AttendantRequest.parse(asked.request)) };
  } catch (error) {
    return { id, error: messageOf(error) };
  }
}

function handsOn(stand: Stand, program: readonly string[], clock: Clock): Hands {
  let keeper: Keeper | undefined;
  const tail = new Tail(proxyFiles(stand.stateDir, stand.resource).log);
  const fronted = () => readFront(stand) !== undefined;
  const look = async (vendor?: string) => ({
    stands: fronted() || (vendor !== undefined && (await isLeft(stand, vendor))),
    fronted: fronted(),
  });
  return {
    find: (plugin) => vendorOf(stand, plugin),
    async start(wanted) {
      keeper = new Keeper({ settings: { ...stand, ...wanted }, program, clock, log: logOf(stand, clock) });
      await keeper.start();
    },
    async giveBack(vendor) {
      await keeper?.stop();
      keeper = undefined;
      if (vendor !== undefined && !fronted() && (await isLeft(stand, vendor)))
        writeFront(frontOf(stand, vendor));
      await backTo(stand, clock);
    },
    look,
    lines: () => tail.lines(),
    given: () => givenBy(stand),
  };
}

/**
 * Whether a proxy has gone without giving back: its socket is there and nobody answers, or the kubelet has fewer devices
 * than the plugin lists; not where either of these does not answer: who starts anew registers. One that answers is another’s.
 */
async function isLeft(stand: Stand, vendor: string): Promise<boolean> {
  if (stands(stand)) return !(await answers(ownSocket(stand)));
  return await onNode(frontOf(stand, vendor), async (node) => {
    const [allocatable, healthy] = [await node.allocatable(), await node.healthy()];
    return allocatable !== undefined && healthy !== undefined && allocatable < healthy;
  });
}

function frontOf(stand: Stand, vendor: string) {
  return { ...stand, vendor, keeper: processName() };
}
