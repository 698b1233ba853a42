import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, openSync, statfsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import { tryRun } from '../../harness/exec/exec.ts';
import { machineProcesses } from '../../harness/exec/processes.ts';
import type { UndoStack } from '../../harness/run/undo.ts';
import { Channel } from './channel.ts';
import { KERNEL } from './readiness.ts';
import { hasTiles, wholeXstate } from './whole-xstate.ts';

/**
 * Where the guest's memory file is made, and unlinked at once. On a disk it would be written back all the time; a
 * container's /dev/shm may have no room for it.
 */
const SHARED_MEMORY = '/dev/shm';
const MEMORY_MIB = 2_048;
/** The guest has this folder of the host as its one writable one. */
export const GUEST_WORK = '/run/work';

/**
 * Every guest process is a process of the host that the guest kernel traces. Were the guest kernel ended alone (SIGKILL,
 * the host's out-of-memory killer, a panic), they would be let go and run on, on the host, as the calling user. In a
 * process namespace whose first process is the guest kernel, the host's kernel ends them with it.
 */
const JAIL = ['unshare', '--user', '--map-current-user', '--pid', '--fork', '--kill-child'];

/**
 * A guest has one processor, and each system call and page fault of its processes goes from one process of the host to
 * another and back. On two processors that is a wake-up of the other one each time: measured at a load average of 18,
 * 1.36 ms a page fault and 0.26 ms a system call, and on one processor 0.50 and 0.14.
 */
const PIN = ['taskset', '--cpu-list'];

/** Before it is killed, a guest may take this long to halt when its channel has been closed; 0.2 s idle. */
const HALT_MS = 5_000;

export interface Guest {
  channel: Channel;
  /** Release of the guest's kernel. */
  kernel: string;
  /** Resolves when it has ended, with how. */
  ended: Promise<string>;
  /** Halts it, or kills it where it does not halt; resolves when nothing of it is left. Safe to repeat. */
  end(): Promise<void>;
}

export interface BootOptions {
  /** Made; on the host, the one folder that the guest may write. */
  work: string;
  undo: UndoStack;
  signal: AbortSignal;
  deadlineMs: number;
  /** The process namespace is tried, unless it is not to be. */
  jailed?: boolean;
}

/** The guest kernel's argument array. What the kernel does not know, `name=value`, its first process has as environment. */
function kernelArguments(work: string, node: string): string[] {
  return [
    KERNEL,
    `mem=${MEMORY_MIB}M`,
    // The host's own files, read-only: the guest needs no image of its own, and can damage nothing.
    ...['root=/dev/root', 'rootfstype=hostfs', 'hostfs=/', 'ro'],
    `init=${work}/init.sh`,
    // The pid file and the management socket, which are in ~/.uml unless told.
    ...['umid=guest', `uml_dir=${work}/uml`],
    // One that panics or reboots ends its process.
    ...['quiet', 'panic=-1', 'noreboot'],
    // The default channels open a terminal window each. The kernel's log is apart: it would tear the JSON.
    ...['con=null', 'con0=null,fd:2', 'ssl=null', 'ssl0=fd:0,fd:1'],
    ...[`ordeal_work=${work}`, `ordeal_node=${node}`, `ordeal_agent=${work}/agent.mjs`],
  ];
}

/**
 * Boots a guest as the calling user. Its undo is registered before it starts.
 * @throws OrdealError UML_NOT_UP (exit 4) with the end of its console; the signal's reason when that aborts.
 */
export async function boot(options: BootOptions): Promise<Guest> {
  const { deadlineMs, jailed = true, signal, undo, work } = options;
  await mkdir(join(work, 'uml'), { recursive: true });
  for (const file of ['init.sh', 'agent.mjs']) {
    copyFileSync(fileURLToPath(new URL(`./guest/${file}`, import.meta.url)), join(work, file));
  }
  const jail = jailed && (await canJail()) ? JAIL : [];
  const pin = [...PIN, String(processorFor(await readFile('/proc/self/status', 'utf8'), process.pid))];
  const preload = hasTiles(await readFile('/proc/cpuinfo', 'utf8')) && {
    LD_PRELOAD: await wholeXstate(work, signal),
  };
  signal.throwIfAborted();
  let end = async () => {};
  undo.push('end the user-mode-Linux guest', () => end());
  const [command = KERNEL, ...args] = [...pin, ...jail, ...kernelArguments(work, process.execPath)];
  const console = openSync(consoleOf(work), 'a', 0o600);
  // Detached: Ctrl-C at the terminal is the run's to handle, and the guest goes when its channel is closed.
  const child = spawn(command, args, {
    detached: true,
    stdio: ['pipe', 'pipe', console],
    env: { ...process.env, TMPDIR: memoryFolder(), ...preload },
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, by) => resolve(by ? `it was ended by ${by}` : `it exited with code ${code}`));
  });
  const [stdin, stdout] = [child.stdin as Writable, child.stdout as Readable];
  end = async () => {
    stdin.end();
    const patience = setTimeout(() => child.kill('SIGKILL'), HALT_MS);
    await ended;
    clearTimeout(patience);
    // The host's kernel ends what a killed one leaves in its process namespace, a moment later; without one nobody does.
    await waitFor(() => !sweep(work), { what: 'the end of the guest’s processes', deadlineMs: HALT_MS });
  };
  const channel = new Channel(stdin, stdout);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`it was not ready in ${deadlineMs} ms`), deadlineMs);
    signal.addEventListener('abort', () => resolve('the run was interrupted'), { once: true });
  });
  const begun = await Promise.race([channel.begun, ended, late]);
  clearTimeout(timer);
  if (typeof begun === 'object' && begun.ready) return { channel, kernel: begun.kernel, ended, end };
  await end();
  signal.throwIfAborted();
  const seen = typeof begun === 'string' ? begun : `its first process failed at the step ${begun.step}`;
  throw new OrdealError({
    code: 'UML_NOT_UP',
    exit: EXIT.unable,
    tried: 'booting a user-mode-Linux guest',
    seen: `${seen}${await consoleTail(work)}`,
    todo: 'ordeal doctor says what this machine lacks for it; --isolation process needs nothing',
  });
}

/** The last lines that the guest's kernel and first process said, each on a line of its own. */
export async function consoleTail(work: string): Promise<string> {
  const text = await readFile(consoleOf(work), 'utf8').catch(() => '');
  const lines = text.trimEnd().split('\n').slice(-6).filter(Boolean);
  return lines.map((line) => `\n${line.trimEnd()}`).join('');
}

export function consoleOf(work: string): string {
  return join(work, 'console.log');
}

/**
 * One of the processors that this process may use, by its `/proc/PID/status`; several guests at once get different ones.
 */
export function processorFor(status: string, pid: number): number {
  const list = /^Cpus_allowed_list:\s*(.+)$/m.exec(status)?.[1] ?? '0';
  const allowed = list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  return allowed[pid % allowed.length] ?? 0;
}

async function canJail(): Promise<boolean> {
  const answer = await tryRun([...JAIL, 'true']).catch(() => undefined);
  return answer?.exitCode === 0;
}

function memoryFolder(): string {
  if (!existsSync(SHARED_MEMORY)) return tmpdir();
  const { bavail, bsize } = statfsSync(SHARED_MEMORY);
  return bavail * bsize >= MEMORY_MIB * 2 ** 20 ? SHARED_MEMORY : tmpdir();
}

/** Kills what a guest has left: all of it carries the guest's command line. Whether there was anything. */
function sweep(work: string): boolean {
  const left = machineProcesses().filter(({ argv }) => argv.includes(`uml_dir=${work}/uml`));
  for (const { pid } of left) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended meanwhile, or is another user's.
    }
  }
  return left.length > 0;
}
