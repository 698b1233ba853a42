import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { systemClock } from '../../../../harness/clock/clock.ts';
import { OrdealError } from '../../../../harness/errors/error.ts';
import type { Exec } from '../../netns/host.ts';
import type { Answer, Command } from './protocol.ts';

const KEPT = 400;

interface Waiting {
  resolve(ended: Awaited<ReturnType<Exec>>): void;
  reject(error: OrdealError): void;
}

/** A keeper’s program, from the harness’s end. A command costs a process there, and none of Docker’s. */
export class AgentClient {
  readonly #child: ChildProcess;
  readonly #failed: (seen: string) => OrdealError;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ready: Promise<void>;
  #last = 0;
  #said = '';
  /** Why there is no more to be had from it. */
  #over: string | undefined;

  /** @param failed what a command gets that is not answered any more, of what was seen instead */
  constructor([command, ...args]: readonly string[], failed: (seen: string) => OrdealError) {
    this.#failed = failed;
    // In a group of its own: what a terminal sends to ours is for the harness to answer.
    const child = spawn(command as string, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    this.#child = child;
    child.stdin.on('error', () => undefined);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-KEPT);
    });
    child.once('error', ({ message }) => this.#end(message));
    child.once('close', (code) => this.#end(this.#said.trim() || `exit code ${code}`));
    const lines = createInterface({ input: child.stdout });
    this.#ready = new Promise((resolve, reject) => {
      this.#waiting.set(0, { resolve: () => resolve(), reject });
    });
    // Whoever does not wait for it hears of it by the first command.
    this.#ready.catch(() => undefined);
    lines.on('line', (line) => this.#take(JSON.parse(line) as Answer));
  }

  /** Resolves once it takes commands; rejects where it does not in so many ms, and with the signal's reason when that aborts. */
  async readyWithin(ms: number, signal?: AbortSignal): Promise<void> {
    const done = new AbortController();
    const either = signal ? AbortSignal.any([signal, done.signal]) : done.signal;
    const late = systemClock.sleep(ms, either).then(() => {
      throw this.#failed(`it took no commands within ${ms} ms`);
    });
    try {
      await Promise.race([this.#ready, late]);
    } finally {
      done.abort();
    }
  }

  /** It takes no more commands. */
  get isOver(): boolean {
    return this.#over !== undefined;
  }

  readonly exec: Exec = (argv, options = {}) =>
    new Promise((resolve, reject) => {
      if (this.#over !== undefined) {
        reject(this.#failed(this.#over));
        return;
      }
      this.#last += 1;
      const command: Command = { id: this.#last, argv, ...options };
      this.#waiting.set(command.id, { resolve, reject });
      this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
    });

  /** Ends it by its lifeline, by force where it has not ended after so many ms; resolves once it has. Safe to repeat. */
  async end(graceMs: number): Promise<void> {
    const child = this.#child;
    child.stdin?.end();
    if (this.#over !== undefined) return;
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await once(child, 'close');
    clearTimeout(timer);
  }

  #take(answer: Answer): void {
    if ('ready' in answer) {
      this.#answered(0)?.resolve({ exitCode: 0, stdout: '', stderr: '' });
    } else if ('error' in answer) {
      this.#answered(answer.id)?.reject(new OrdealError(answer.error));
    } else {
      const { id, ...ended } = answer;
      this.#answered(id)?.resolve(ended);
    }
  }

  #answered(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #end(seen: string): void {
    this.#over ??= seen;
    for (const { reject } of this.#waiting.values()) reject(this.#failed(this.#over));
    this.#waiting.clear();
  }
}
