import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, OrdealError } from '../../../harness/errors/error.ts';
import type { Exec } from './host.ts';

const TIMEOUT_MS = 60_000;

/**
 * Runs commands on this machine through shells that stand by, as many as there are commands at once. For a guest: a fork
 * of this process there copies the page tables of its whole heap, and every page that it then writes faults again, at
 * half a millisecond each; a shell is small.
 * @param folder made; what commands say goes through files there
 * @param enter what puts a shell to where the commands are to run; nothing: here
 */
export function shellExec(folder: string, enter: readonly string[] = []): Exec {
  const idle: Shell[] = [];
  let shells = 0;
  return async (argv, { input, timeoutMs = TIMEOUT_MS } = {}) => {
    mkdirSync(folder, { recursive: true });
    const shell = idle.pop() ?? new Shell(enter, join(folder, String(shells++)));
    const result = await shell.run(argv, timeoutMs, input);
    // One that failed is not used again.
    idle.push(shell);
    return result;
  };
}

class Shell {
  readonly #files: { in: string; out: string; err: string };
  readonly #process: ChildProcess;
  #ended: string | undefined;

  constructor(enter: readonly string[], path: string) {
    this.#files = { in: `${path}.in`, out: `${path}.out`, err: `${path}.err` };
    // A group of its own: a command that is out of time is ended with its shell. Without a command it keeps nobody
    // running, and it ends with this process, however that goes: its standard input does then.
    const [command, ...args] = [...enter, 'sh'];
    this.#process = spawn(command as string, args, { detached: true, stdio: ['pipe', 'pipe', 'ignore'] });
    this.#process.stdin?.on('error', () => undefined);
    this.#process.once('error', ({ message }) => {
      this.#ended = message;
    });
    this.#process.once('exit', (code, by) => {
      this.#ended = by ? `its shell was ended by ${by}` : `its shell exited with code ${code}`;
    });
    this.#process.unref();
    for (const end of [this.#process.stdin, this.#process.stdout]) (end as { unref?(): void })?.unref?.();
  }

  async run(argv: readonly string[], timeoutMs: number, input: string | undefined) {
    const { err, in: from, out } = this.#files;
    if (input !== undefined) writeFileSync(from, input, { mode: 0o600 });
    const command = argv.map(quoted).join(' ');
    const streams = `<${input === undefined ? '/dev/null' : quoted(from)} >${quoted(out)} 2>${quoted(err)}`;
    const exitCode = await this.#say(`${command} ${streams}\nprintf '%s\\n' "$?"\n`, timeoutMs, argv);
    // Some bytes, in memory: each step of an asynchronous read would wait its turn for the guest's processor.
    const [stdout, stderr] = [out, err].map((file) => readFileSync(file, 'utf8'));
    return { exitCode, stdout: chomped(stdout), stderr: chomped(stderr) };
  }

  #say(script: string, timeoutMs: number, argv: readonly string[]): Promise<number> {
    return new Promise((resolve, reject) => {
      const over = (seen: string) => {
        settle();
        this.#kill();
        reject(cut(argv, seen));
      };
      const gone = () => over(this.#ended ?? 'its shell has ended');
      const timer = setTimeout(() => over(`not done in ${timeoutMs} ms`), timeoutMs);
      const heard = (part: Buffer) => {
        settle();
        resolve(Number(part.toString()));
      };
      const settle = () => {
        clearTimeout(timer);
        this.#process.stdout?.off('data', heard);
        this.#process.off('close', gone);
      };
      this.#process.stdout?.once('data', heard);
      this.#process.once('close', gone);
      if (this.#ended !== undefined) gone();
      else this.#process.stdin?.write(script);
    });
  }

  #kill(): void {
    try {
      if (this.#process.pid !== undefined) process.kill(-this.#process.pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}

/** A word that a shell takes as it is. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function chomped(text = ''): string {
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}

function cut(argv: readonly string[], seen: string): OrdealError {
  return new OrdealError({
    code: 'COMMAND_TIMEOUT',
    exit: EXIT.unable,
    tried: `running \`${argv.join(' ')}\``,
    seen,
    todo: 'run the command by hand to see what it waits for',
  });
}
