// Not execa: a hundred containers start a second here, and each costs only what the kernel asks for.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Clock } from '../../../harness/clock/clock.ts';

export interface LogLine {
  /** RFC 3339 with nanosecond places. */
  time: string;
  line: string;
}

/** Lines that one attempt may keep; older ones go, as a runtime rotates them away. */
const KEPT_LINES = 20_000;
/** How long output may stay open after its container's end, held by a process that left the group. */
const LINGER_MS = 1_000;

/** Ends a container with the kubelet's process however that ends; util-linux has it, macOS has not. */
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));

export interface ContainerProcess {
  argv: readonly string[];
  env: Record<string, string>;
  cwd: string;
}

/** Links `path` of the container to `target` of the host. */
export function link(root: string, path: string, target: string): void {
  const at = join(root, path);
  mkdirSync(dirname(at), { recursive: true });
  symlinkSync(target, at);
}

/** One attempt of a container: an OS process in a group of its own, with its log. */
export class Container {
  readonly id: string;
  readonly startedAt: number;
  readonly lines: LogLine[] = [];
  /** Called after each line and at the end. */
  readonly listeners = new Set<() => void>();
  /** Lines that have gone from the beginning of `lines`. */
  dropped = 0;
  exitCode: number | undefined;
  finishedAt: number | undefined;
  /** Its output has ended too. */
  closed = false;
  /** Resolves when the process and its output have ended. */
  readonly ended: Promise<void>;
  readonly #pid: number;
  readonly #clock: Clock;

  private constructor(child: ChildProcess, id: string, clock: Clock) {
    this.id = id;
    this.#clock = clock;
    this.#pid = child.pid as number;
    this.startedAt = clock.wall();
    const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
    for (const stream of streams) this.#read(stream);
    this.ended = new Promise((resolve) => {
      let linger: NodeJS.Timeout | undefined;
      child.once('exit', (code, signal) => {
        this.exitCode = code ?? 128 + (signal ? constants.signals[signal] : 0);
        this.finishedAt = clock.wall();
        // A container ends with its first process, and takes with it whatever that left behind.
        this.#kill('SIGKILL');
        linger = setTimeout(() => {
          for (const stream of streams) stream.destroy();
        }, LINGER_MS);
      });
      child.once('close', () => {
        clearTimeout(linger);
        this.closed = true;
        for (const listener of this.listeners) listener();
        resolve();
      });
    });
  }

  /** @throws where the command cannot be started, with the system's reason. */
  static async start({ argv, env, cwd }: ContainerProcess, id: string, clock: Clock): Promise<Container> {
    const [command, ...args] = SETPRIV ? [SETPRIV, '--pdeathsig', 'KILL', '--', ...argv] : argv;
    const child = spawn(command as string, args, {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (child.pid === undefined) {
      await new Promise((_, reject) => {
        child.once('error', reject);
      });
    }
    return new Container(child, id, clock);
  }

  get running(): boolean {
    return this.exitCode === undefined;
  }

  /** To the whole group; nothing where the container has ended. */
  signal(signal: NodeJS.Signals): void {
    if (this.running) this.#kill(signal);
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

  #kill(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.#pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  #read(stream: Readable): void {
    let partial = '';
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      const lines = (partial + text).split('\n');
      partial = lines.pop() ?? '';
      for (const line of lines) this.#keep(line);
    });
    stream.on('end', () => {
      if (partial) this.#keep(partial);
    });
  }

  #keep(line: string): void {
    this.lines.push({ time: preciseTime(this.#clock.wall()), line });
    if (this.lines.length > KEPT_LINES * 1.25) {
      this.dropped += this.lines.length - KEPT_LINES;
      this.lines.splice(0, this.lines.length - KEPT_LINES);
    }
    for (const listener of this.listeners) listener();
  }
}

/** RFC 3339 with nine places, of which the clock fills six. */
export function preciseTime(wall: number): string {
  const micros = Math.floor((wall % 1_000) * 1_000);
  return `${new Date(wall).toISOString().slice(0, 20)}${String(micros).padStart(6, '0')}000Z`;
}
