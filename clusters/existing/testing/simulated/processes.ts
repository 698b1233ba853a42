import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const END_MS = 10_000;

/** Programs that run until they are told to end: none of them may outlive this process’s own orderly end. */
export class Processes {
  readonly #folder: string;
  readonly #ends: (() => Promise<void>)[] = [];

  /** @param folder what each says goes into a file there, by its name. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @returns kills it, and answers once it is gone. */
  start(
    name: string,
    binary: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): () => Promise<void> {
    const log = openSync(join(this.#folder, `${name}.log`), 'a', 0o600);
    // What is measured here comes first.
    const child = spawn('nice', ['-n', '10', binary, ...args], {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...env },
    });
    closeSync(log);
    const over = new Promise<void>((resolve) => {
      child.once('error', () => resolve());
      child.once('exit', () => resolve());
    });
    const kill = () => child.kill('SIGKILL');
    process.once('exit', kill);
    over.then(() => process.off('exit', kill));
    this.#ends.push(async () => {
      child.kill('SIGTERM');
      const patience = setTimeout(kill, END_MS);
      await over;
      clearTimeout(patience);
    });
    return async () => {
      kill();
      await over;
    };
  }

  /** The last lines of each, for whoever waited for them in vain. */
  said(...names: readonly string[]): string {
    return names
      .map(
        (name) =>
          `${name}: ${readFileSync(join(this.#folder, `${name}.log`), 'utf8')
            .trimEnd()
            .split('\n')
            .slice(-3)
            .join('\n')}`,
      )
      .join('\n');
  }

  /** The last that was started ends first. Safe to repeat. */
  async end(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end();
  }
}
