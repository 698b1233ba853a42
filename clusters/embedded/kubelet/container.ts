import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../../../harness/clock/clock.ts';
import type { RunningTask, ShimPool, Task } from './shim.ts';

export interface LogLine {
  /** RFC 3339 with nanosecond places. */
  time: string;
  line: string;
}

/** Lines that one attempt may keep; older ones go, as a runtime rotates them away. */
const KEPT_LINES = 20_000;

/** Links `path` of the container to `target` of the host. */
export function link(root: string, path: string, target: string): void {
  const at = join(root, path);
  mkdirSync(dirname(at), { recursive: true });
  symlinkSync(target, at);
}

/** One attempt of a container: a process in a group of its own, with its log. */
export class Container {
  readonly id: string;
  /** What it runs: a command that is executed in it takes environment and folder from there. */
  readonly task: Task;
  readonly startedAt: number;
  readonly lines: LogLine[] = [];
  /** Called after each line and at the end. */
  readonly listeners = new Set<() => void>();
  /** Lines that have gone from the beginning of `lines`. */
  dropped = 0;
  exitCode: number | undefined;
  /** Its node went down with it: the runtime that comes up finds it gone, and knows no more. */
  lost = false;
  finishedAt: number | undefined;
  /** Resolves when the process and its output have ended. */
  readonly ended: Promise<void>;
  readonly #running: RunningTask;
  readonly #clock: Clock;

  constructor(id: string, task: Task, shims: ShimPool, clock: Clock) {
    this.id = id;
    this.task = task;
    this.#clock = clock;
    this.startedAt = clock.wall();
    let over = () => {};
    this.ended = new Promise((resolve) => {
      over = resolve;
    });
    this.#running = shims.start(task, {
      line: (text) => this.#keep(text),
      ended: (exitCode) => {
        this.exitCode = exitCode;
        this.finishedAt = clock.wall();
        for (const listener of this.listeners) listener();
        over();
      },
    });
  }

  get running(): boolean {
    return this.exitCode === undefined;
  }

  /** To the whole group; nothing where the container has ended. */
  signal(signal: NodeJS.Signals): void {
    this.#running.signal(signal);
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
function preciseTime(wall: number): string {
  const micros = Math.floor((wall % 1_000) * 1_000);
  return `${new Date(wall).toISOString().slice(0, 20)}${String(micros).padStart(6, '0')}000Z`;
}
