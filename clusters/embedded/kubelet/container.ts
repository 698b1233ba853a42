// Not execa: a hundred containers start a second here, and each costs only what the kernel asks for.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import type { Clock } from '../../../harness/clock/clock.ts';

export interface LogLine {
  /** RFC 3339 with nanosecond places. */
  time: string;
  line: string;
}

/** Lines that one attempt may keep; older ones go, as a runtime rotates them away. */
const KEPT_LINES = 20_000;

/** Ends a container with the kubelet's process however that ends; util-linux has it, macOS has not. */
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));

export interface ContainerProcess {
  argv: readonly string[];
  env: Record<string, string>;
  /** The container's root folder. */
  root: string;
  cwd?: string;
}

/** Links `path` of the container to `target` of the host. */
export function link(root: string, path: string, target: string): void {
  const at = join(root, path);
  mkdirSync(dirname(at), { recursive: true });
  symlinkSync(target, at);
}

/** One attempt of a container: an OS process in a group of its own, with its log. */
export class Container {
  readonly startedAt: number;
  readonly lines: LogLine[] = [];
  /** Called after each line and at the end. */
  readonly listeners = new Set<() => void>();
  exitCode: number | undefined;
  finishedAt: number | undefined;
  /** Resolves when the process and its output have ended. */
  readonly ended: Promise<void>;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #clock: Clock;

  private constructor(child: ChildProcess, clock: Clock) {
    this.#child = child;
    this.#clock = clock;
    this.pid = child.pid as number;
    this.startedAt = clock.wall();
    for (const stream of [child.stdout, child.stderr]) {
      let partial = '';
      stream?.setEncoding('utf8');
      stream?.on('data', (text: string) => {
        const lines = (partial + text).split('\n');
        partial = lines.pop() ?? '';
        for (const line of lines) this.#keep(line);
      });
      stream?.on('end', () => {
        if (partial) this.#keep(partial);
      });
    }
    this.ended = new Promise((resolve) => {
      const over = (code: number | null, signal: NodeJS.Signals | null) => {
        this.exitCode = code ?? 128 + (signal ? constants.signals[signal] : 0);
        this.finishedAt = clock.wall();
      };
      child.once('exit', (code, signal) => {
        over(code, signal);
        // What the main process left behind holds the output open; a container ends with its first process.
        this.signal('SIGKILL');
      });
      child.once('close', () => {
        for (const listener of this.listeners) listener();
        resolve();
      });
    });
  }

  /** @throws where the command cannot be started, with the system's reason. */
  static async start({ argv, env, root, cwd }: ContainerProcess, clock: Clock): Promise<Container> {
    const [command, ...args] = SETPRIV ? [SETPRIV, '--pdeathsig', 'KILL', ...argv] : argv;
    const child = spawn(command as string, args, {
      cwd: cwd ?? root,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await new Promise((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    return new Container(child, clock);
  }

  get running(): boolean {
    return this.exitCode === undefined;
  }

  /** To the whole group; nothing where it is gone. */
  signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /** SIGTERM, then SIGKILL after the grace. */
  async stop(graceMs: number): Promise<void> {
    if (!this.running) return;
    this.signal('SIGTERM');
    const patience = new AbortController();
    void this.#clock.sleep(graceMs, patience.signal).then(
      () => this.signal('SIGKILL'),
      () => undefined,
    );
    await this.ended;
    patience.abort();
  }

  /** Releases the streams of a process that is no longer of interest. */
  abandon(): void {
    this.signal('SIGKILL');
    this.#child.unref();
  }

  #keep(line: string): void {
    this.lines.push({ time: preciseTime(this.#clock.wall()), line });
    if (this.lines.length > KEPT_LINES) this.lines.splice(0, this.lines.length - KEPT_LINES);
    for (const listener of this.listeners) listener();
  }
}

/** RFC 3339 with nine places, of which the clock fills six. */
export function preciseTime(wall: number): string {
  const micros = Math.floor((wall % 1_000) * 1_000);
  return `${new Date(wall).toISOString().slice(0, 20)}${String(micros).padStart(6, '0')}000Z`;
}
