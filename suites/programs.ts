import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Hop } from '../clusters/network/port.ts';
import type { Cluster } from '../clusters/port.ts';
import type { ProgramName } from '../clusters/programs/bundle.ts';
import { programFile } from '../clusters/programs/file.ts';

/** The suite's programs as they run: in pods, and beside the harness in a host's network namespace. */
export class Programs {
  readonly #folder: string;
  readonly #inImage: boolean;
  readonly #files = new Map<ProgramName, Promise<string>>();

  /** @param folder of the run's own: the bundles go there */
  constructor(cluster: Pick<Cluster, 'capabilities'>, folder: string) {
    this.#folder = folder;
    // Where a pod's image is a name and no more, its commands come from this machine.
    this.#inImage = cluster.capabilities.has('daemonset-agents');
  }

  /** A container's command. */
  async inPod(name: ProgramName, options: object): Promise<string[]> {
    const program = this.#inImage
      ? ['node', `/ordeal/${name}.mjs`]
      : [process.execPath, await this.#file(name)];
    return [...program, JSON.stringify(options)];
  }

  /**
   * Starts one here; it ends with this process, however that goes.
   * @param at the hop, or what puts a program of this machine into a network namespace; nothing: this machine's own
   */
  async start(
    name: ProgramName,
    options: object,
    at: Pick<Hop, 'enter' | 'programs'>,
    listen: { onLine(line: string): void; onFailed(exitCode: number | null, said: string): void },
  ): Promise<RunningProgram> {
    const { enter, programs } = at;
    const program = programs
      ? [programs.node, `${programs.folder}/${name}.mjs`]
      : [process.execPath, await this.#file(name)];
    return new RunningProgram([...enter, ...program, JSON.stringify(options), '--lifeline'], listen);
  }

  #file(name: ProgramName): Promise<string> {
    const known = this.#files.get(name);
    if (known) return known;
    const written = programFile(name, this.#folder);
    this.#files.set(name, written);
    return written;
  }
}

/** How long a program may take to end in order; a prober waits for its last answers. */
const END_MS = 10_000;
const KEPT = 400;

export class RunningProgram {
  readonly #child: ChildProcess;
  readonly #over: Promise<void>;
  #ending = false;

  constructor(
    [command, ...args]: readonly string[],
    {
      onFailed,
      onLine,
    }: { onLine(line: string): void; onFailed(exitCode: number | null, said: string): void },
  ) {
    this.#child = spawn(command as string, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-KEPT);
    });
    this.#child.stdin?.on('error', () => undefined);
    if (this.#child.stdout) createInterface({ input: this.#child.stdout }).on('line', onLine);
    this.#over = new Promise((resolve) => {
      const over = (exitCode: number | null) => {
        if (!this.#ending) onFailed(exitCode, said);
        resolve();
      };
      this.#child.once('error', ({ message }) => {
        said += message;
        over(null);
      });
      this.#child.once('close', over);
    });
  }

  order(order: object): void {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  /** Ends it in order; all its lines have come when this resolves. Safe to repeat. */
  async stop(): Promise<void> {
    this.#ending = true;
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), END_MS);
    await this.#over;
    clearTimeout(timer);
  }
}
