// Not execa, and not a spawn a container: a fork of this process copies the page tables of its whole heap, which at a
// hundred containers a second costs more than all the rest. A shim is a shell that was started once, and forks for us.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, constants, mkdirSync, openSync, readSync } from 'node:fs';
import { constants as os } from 'node:os';
import { join } from 'node:path';

/** A container's first process. */
export interface Task {
  /** The program's path, then its arguments. */
  argv: readonly string[];
  /** The whole environment. */
  env: Readonly<Record<string, string>>;
  cwd: string;
}

export interface TaskWatcher {
  /** A line of standard output or standard error, in the order they were written. */
  line(text: string): void;
  /** Once, after the last line. 128 + the signal's number where a signal ended it. */
  ended(exitCode: number): void;
}

/** A task that runs in a process group of its own. */
export interface RunningTask {
  /** To the whole group; nothing where it has ended. */
  signal(signal: NodeJS.Signals): void;
}

/** Names that a shell can export; a variable of any other name is given by env(1). */
const SHELL_NAME = /^[A-Za-z_]\w*$/;
const MARK = '\x1e';
/** Shims that are started ahead of need, at a time. */
const WARM_BATCH = 4;
const WARM_PAUSE_MS = 20;

/** A word for a POSIX shell that stands for itself, whatever is in it. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * The shell's line for one task. It says when there is a process that a signal ends, and with which code it ended.
 * Descriptor 3 is held by the task and whatever it leaves behind, see `Shim`.
 */
function taskLine({ argv, cwd, env }: Task, liveness: string, nonce: string): string {
  const entries = Object.entries(env);
  const exported = entries.filter(([name]) => SHELL_NAME.test(name));
  const odd = entries
    .filter(([name]) => !SHELL_NAME.test(name))
    .map(([name, value]) => quoted(`${name}=${value}`));
  const exports = exported.map(([name, value]) => `${name}=${quoted(value)}`).join(' ');
  const program = [...(odd.length > 0 ? ['env', ...odd] : []), ...argv.map(quoted)].join(' ');
  return `(cd ${quoted(cwd)} && exec 3<>${quoted(liveness)} && export ${exports} && printf '\\036%s\\n' ${nonce} && exec ${program}) </dev/null 2>&1; printf '\\036%s %d\\n' ${nonce} $?\n`;
}

/**
 * A shell that runs one task after the other. It leads their process group, and lives through what is sent to the
 * group short of SIGKILL. A FIFO tells whether a task left processes behind: each of them holds it open.
 */
class Shim {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #liveness: string;
  readonly #nonce = randomBytes(8).toString('hex');
  readonly #free: (shim: Shim, clean: boolean) => void;
  #descriptor: number | undefined;
  #watcher: TaskWatcher | undefined;
  /** Whether the task's process is there, and what it is to be sent as soon as it is: the shell alone would hear it. */
  #begun = false;
  #early: NodeJS.Signals[] = [];
  #disturbed = false;
  #partial = '';

  constructor(liveness: string, free: (shim: Shim, clean: boolean) => void, gone: (shim: Shim) => void) {
    this.#liveness = liveness;
    this.#free = free;
    const env = { PATH: process.env.PATH ?? '/usr/bin:/bin' };
    this.#child = spawn('/bin/sh', [], { detached: true, env, stdio: ['pipe', 'pipe', 'ignore'] });
    this.#child.on('error', () => undefined);
    if (this.#child.pid === undefined) throw new Error('/bin/sh could not be started');
    this.pid = this.#child.pid;
    this.#child.stdin?.on('error', () => undefined);
    this.#child.stdin?.write(`trap : HUP INT QUIT TERM USR1 USR2; mkfifo ${quoted(liveness)}\n`);
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    this.#child.once('close', (code, signal) => {
      if (this.#descriptor !== undefined) closeSync(this.#descriptor);
      gone(this);
      this.#end(code ?? 128 + (signal ? os.signals[signal] : 0));
    });
  }

  run(task: Task, watcher: TaskWatcher): void {
    this.#watcher = watcher;
    this.#child.stdin?.write(taskLine(task, this.#liveness, this.#nonce));
  }

  signal(signal: NodeJS.Signals): void {
    this.#disturbed = true;
    if (!this.#begun && signal !== 'SIGKILL') {
      this.#early.push(signal);
      return;
    }
    try {
      process.kill(-this.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  #read(text: string): void {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    const mark = `${MARK}${this.#nonce} `;
    for (const line of lines) {
      if (line === mark.trimEnd()) {
        this.#begun = true;
        for (const signal of this.#early.splice(0)) this.signal(signal);
        continue;
      }
      const at = line.indexOf(mark);
      if (at < 0) {
        this.#watcher?.line(line);
        continue;
      }
      // A last line without its newline stands before the mark.
      if (at > 0) this.#watcher?.line(line.slice(0, at));
      this.#free(this, !this.#disturbed && !this.#leftovers());
      this.#end(Number(line.slice(at + mark.length)));
    }
  }

  #end(exitCode: number): void {
    const watcher = this.#watcher;
    this.#watcher = undefined;
    this.#begun = false;
    this.#early = [];
    watcher?.ended(exitCode);
  }

  /** Whether a process that the task left behind is there: a FIFO that nobody holds open is at its end. */
  #leftovers(): boolean {
    try {
      this.#descriptor ??= openSync(this.#liveness, constants.O_RDONLY | constants.O_NONBLOCK);
      return readSync(this.#descriptor, Buffer.alloc(1)) !== 0;
    } catch {
      return true;
    }
  }
}

/** The shims of one cluster: as many as containers ran at once, started once and used again. */
export class ShimPool {
  readonly #folder: string;
  readonly #idle: Shim[] = [];
  readonly #all = new Set<Shim>();
  readonly #warden: ChildProcess;
  #made = 0;
  #warming: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    this.#warden = startWarden();
  }

  start(task: Task, watcher: TaskWatcher): RunningTask {
    const shim = this.#idle.pop() ?? this.#make();
    let running = true;
    shim.run(task, {
      line: watcher.line,
      ended(exitCode) {
        running = false;
        watcher.ended(exitCode);
      },
    });
    return {
      signal(signal) {
        if (running) shim.signal(signal);
      },
    };
  }

  /** Starts so many ahead of need, a few at a time. */
  warm(count: number): void {
    clearTimeout(this.#warming);
    for (let batch = 0; batch < WARM_BATCH && this.#all.size < count; batch++) this.#idle.push(this.#make());
    if (this.#all.size < count) this.#warming = setTimeout(() => this.warm(count), WARM_PAUSE_MS);
  }

  /** Kills every process of every task and shim. Synchronous, for an exit handler too. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#warming);
    for (const shim of this.#all) shim.signal('SIGKILL');
    this.#warden.stdin?.end();
  }

  #make(): Shim {
    if (this.#closed) throw new Error('the cluster ends');
    this.#made += 1;
    const shim = new Shim(
      join(this.#folder, String(this.#made)),
      (freed, clean) => {
        if (clean) this.#idle.push(freed);
        else freed.signal('SIGKILL');
      },
      (gone) => {
        this.#all.delete(gone);
        const at = this.#idle.indexOf(gone);
        if (at >= 0) this.#idle.splice(at, 1);
        this.#warden.stdin?.write(`gone ${gone.pid}\n`);
      },
    );
    this.#all.add(shim);
    this.#warden.stdin?.write(`made ${shim.pid}\n`);
    return shim;
  }
}

/** Outlives this process by a moment, however it ends, and kills what is left of its shims. */
const WARDEN = `
while read -r what pid; do
  case $what in
    made) groups="$groups -$pid" ;;
    gone) kept=
      for group in $groups; do [ "$group" = "-$pid" ] || kept="$kept $group"; done
      groups=$kept ;;
  esac
done
[ -z "$groups" ] || kill -s KILL -- $groups`;

function startWarden(): ChildProcess {
  const warden = spawn('/bin/sh', ['-c', WARDEN], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  warden.on('error', () => undefined);
  warden.stdin?.on('error', () => undefined);
  return warden;
}
