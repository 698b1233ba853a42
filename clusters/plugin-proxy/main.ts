/**
 * The program of a proxy in front of a node’s device plugin: `main.ts keep|serve|look|give-back|attend|talk SETTINGS`, with
 * settings as JSON. What it says is a line of standard output.
 */
import { existsSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { parseArgs } from 'node:util';
import { systemClock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { messageOf } from '../../harness/errors/error.ts';
import { processName, stillRuns } from '../../harness/exec/born-at.ts';
import { attendOn } from './attend.ts';
import { readFront, writeFront } from './front.ts';
import { IN_FRONT, Keeper } from './keeper.ts';
import { proxyFiles } from './layout.ts';
import { backTo, logOf, ownSocket, stands } from './on-node.ts';
import { PluginProxy } from './proxy.ts';
import { ProxySettings, Stand } from './settings.ts';

/**
 * For the calls that a proxy holds, and a kubelet that is slow to list what is given back: 12 s, and a busy machine. Who waits
 * less comes again, as a dead-man does; a harness that heals does not.
 */
const ENDED_MS = 20_000;

const clock = systemClock;
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { sweep: { type: 'boolean', default: false } },
});
const [command, text = '{}'] = positionals;
// Whoever started it may be gone.
process.stdout.on('error', () => undefined);

switch (command) {
  case 'keep':
    await keep(ProxySettings.parse(JSON.parse(text)));
    break;
  case 'serve':
    await serve(ProxySettings.parse(JSON.parse(text)));
    break;
  case 'look': {
    const stand = Stand.parse(JSON.parse(text));
    if (stands(stand) || (values.sweep && existsSync(filesOf(stand))))
      process.stdout.write(`in front of ${stand.resource}\n`);
    break;
  }
  case 'give-back':
    await back(Stand.parse(JSON.parse(text)));
    process.exit();
    break;
  case 'attend':
    await attendOn(Stand.parse(JSON.parse(text)), program(), clock);
    process.exit();
    break;
  case 'talk':
    talk(Stand.parse(JSON.parse(text)));
    break;
  default:
    process.stderr.write(`no such command: ${command}\n`);
    process.exitCode = 3;
}

async function keep(settings: ProxySettings): Promise<void> {
  for (const signal of ['SIGHUP', 'SIGINT'] as const) process.on(signal, () => undefined);
  const keeper = new Keeper({ settings, program: program(), clock, log: logOf(settings, clock) });
  process.on('SIGTERM', () => void keeper.stop());
  try {
    await keeper.start();
    say({ standing: true });
    await keeper.over();
    process.exit();
  } catch (error) {
    say({ reason: messageOf(error) });
    process.exit(1);
  }
}

async function serve(settings: ProxySettings): Promise<void> {
  for (const signal of ['SIGHUP', 'SIGINT'] as const) process.on(signal, () => undefined);
  let ending = false;
  const end = async (reason: string) => {
    if (ending) return;
    ending = true;
    await proxy.stop(reason);
    process.exit();
  };
  const proxy = new PluginProxy({
    settings,
    clock,
    log: logOf(settings, clock),
    lost: (reason) => void end(reason),
  });
  process.on('SIGTERM', () => void end('it was told to'));
  process.stdin.resume();
  process.stdin.on('end', async () => {
    if (ending) return;
    ending = true;
    await proxy.stop('its keeper is gone');
    await backTo(settings, clock);
    process.exit();
  });
  try {
    const front = readFront(settings);
    if (!front) throw new Error('its keeper has not written down what it stands in front of');
    writeFront({ ...front, proxy: processName() });
    await proxy.start();
    process.stdout.write(`${IN_FRONT}\n`);
  } catch (error) {
    process.stdout.write(`${messageOf(error)}\n`);
    process.exit(1);
  }
}

/** Ends the keeper, or the proxy where that is all there is, which give back on their way; else does it here. */
async function back(stand: Stand): Promise<void> {
  for (const who of ['keeper', 'proxy'] as const) {
    const name = readFront(stand)?.[who];
    if (name === undefined || !stillRuns(name)) continue;
    try {
      process.kill(Number.parseInt(name, 10), 'SIGTERM');
    } catch {
      // It has ended since.
    }
    await waitFor(() => !stillRuns(name), { what: `the end of the ${who}`, deadlineMs: ENDED_MS });
  }
  await backTo(stand, clock);
  rmSync(ownSocket(stand), { force: true });
  if (values.sweep) rmSync(filesOf(stand), { recursive: true, force: true });
}

function filesOf({ resource, stateDir }: Stand): string {
  return proxyFiles(stateDir, resource).root;
}

/** Leads whoever has this process’s standard input and output to the attendant. */
function talk({ resource, stateDir }: Stand): void {
  const socket = connect(proxyFiles(stateDir, resource).talk);
  socket.on('error', (error) => {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exit(1);
  });
  socket.on('close', () => process.exit());
  process.stdin.pipe(socket).pipe(process.stdout);
}

/** What starts this program, without its command. */
function program(): string[] {
  const [, script = ''] = process.argv;
  return [process.execPath, ...process.execArgv, script];
}

function say(answer: object): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
