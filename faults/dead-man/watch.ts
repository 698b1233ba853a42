import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Clock } from '../../harness/clock/clock.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { EXIT, messageOf, OrdealError } from '../../harness/errors/error.ts';
import { processName } from '../../harness/exec/born-at.ts';
import type { CommandUndo } from '../command-undo.ts';
import type { DeadMan, Lease } from './dead-man.ts';

/** What its processes are called, in `ps` and by `ordeal clean`. */
export const WATCH = 'ordeal-dead-man';
/** A container's first process on a busy machine. */
const ARMED_MS = 30_000;
const ANSWER_MS = 10_000;
const KEPT = 400;
const DISARMED = 'disarmed';

interface Watched extends Lease {
  /** As `watchedFault` has it. */
  fault: string;
  machine: readonly string[];
  undo: readonly CommandUndo[];
  clock: Clock;
}

/** A fault's name, unique on the machine. */
export function watchedFault(run: string, fault: string): string {
  return `${run}/${fault}`;
}

/**
 * A shell of its own session on the machine whose kernel is changed, armed with the commands that take the changes back.
 * It hears by its standard input, whose end is the harness's; its clock is the kernel's since boot.
 * @throws OrdealError FAULT_NOT_GUARDED (exit 4) where it does not say that it is armed.
 */
export async function watch(watched: Watched): Promise<DeadMan> {
  const shell = new Shell(watched);
  await shell.start();
  return shell;
}

/** Its argument list, without what leads to the machine. */
function watchArguments({ clock, deadlineWall, fault, leaseMs, undo }: Watched): string[] {
  const owner = processName();
  const endMs = Math.max(0, deadlineWall - clock.wall());
  return [
    ...['bash', '-c', script(), WATCH, owner, fault, hundredths(leaseMs), hundredths(endMs)],
    ...undo.flatMap(({ enter, look, mark, undo: words }) => [
      mark,
      ...counted([...enter, ...look]),
      ...counted([...enter, ...words]),
    ]),
  ];
}

class Shell implements DeadMan {
  readonly #watched: Watched;
  #process: ChildProcess | undefined;
  #said: string[] = [];
  #complaint = '';
  #ended = false;
  fired: string | undefined;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  async start(): Promise<void> {
    const [command, ...args] = [...this.#watched.machine, ...watchArguments(this.#watched)];
    // In a session of its own: no signal to the harness's group reaches it.
    const shell = spawn(command as string, args, { stdio: 'pipe', detached: true });
    this.#process = shell;
    this.#said = [];
    this.#ended = false;
    shell.stdin.on('error', () => undefined);
    shell.once('error', ({ message }) => {
      this.#complaint = message;
      this.#ended = true;
    });
    // When all that it said was read.
    shell.once('close', () => {
      this.#ended = this.#process === shell;
    });
    shell.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint = (this.#complaint + text).slice(-KEPT);
    });
    createInterface(shell.stdout).on('line', (line) => this.#hear(line));
    try {
      await this.#heard('armed', ARMED_MS);
    } catch (error) {
      this.release();
      throw this.#unguarded(messageOf(error));
    }
  }

  async renew(): Promise<void> {
    if (this.fired !== undefined) return;
    if (!this.#ended) {
      await this.#tell('renew', 'renewed').catch((error) => {
        if (!this.#ended) throw error;
      });
    }
    // Something else ended it.
    if (this.#ended && this.fired === undefined) await this.start();
  }

  async disarm(): Promise<void> {
    const shell = this.#process;
    if (!shell || this.#ended) return;
    // Where it does not answer, it finds nothing to heal.
    await this.#tell('disarm', DISARMED).catch(() => undefined);
    this.release();
  }

  release(): void {
    const shell = this.#process;
    if (!shell) return;
    shell.stdin?.end();
    // It goes on without this process, and this process without it.
    shell.stdout?.destroy();
    shell.stderr?.destroy();
    shell.unref();
  }

  #hear(line: string): void {
    this.#said.push(line);
    if (line.startsWith('fired: ')) this.fired = line.slice('fired: '.length);
  }

  async #tell(word: string, answer: string): Promise<void> {
    this.#said = [];
    this.#process?.stdin?.write(`${word}\n`);
    await this.#heard(answer, ANSWER_MS);
  }

  async #heard(line: string, deadlineMs: number): Promise<void> {
    // One that has healed the target has nothing to say but that it is disarmed.
    const heard = () => this.#said.includes(line) || (line !== DISARMED && this.fired !== undefined);
    await waitFor(() => heard() || this.#ended, {
      what: `the dead-man of ${this.#watched.fault} to say ${line}`,
      deadlineMs,
      intervalMs: 5,
    });
    if (!heard()) throw this.#unguarded(this.#complaint.trim() || 'it ended');
  }

  #unguarded(seen: string): OrdealError {
    return new OrdealError({
      code: 'FAULT_NOT_GUARDED',
      exit: EXIT.unable,
      tried: `arming what heals ${this.#watched.fault} should the harness be killed`,
      seen,
      todo: 'see that bash runs where the target is; nothing was injected',
    });
  }
}

let text: string | undefined;

function script(): string {
  text ??= readFileSync(join(import.meta.dirname, 'watch.sh'), 'utf8');
  return text;
}

const hundredths = (ms: number) => String(Math.ceil(ms / 10));
const counted = (words: readonly string[]) => [String(words.length), ...words];
