import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { messageOf } from '../../../harness/errors/error.ts';
import { labCommandFailed } from './host.ts';

/**
 * Files below `/proc/net` as a namespace of this machine has them, read through a process that stands in it: a look
 * costs no process of its own.
 */
export class NamespaceFiles {
  readonly #argv: readonly string[];
  #standing: Promise<number> | undefined;

  /** @param enter what puts a program into the namespace, in place of itself */
  constructor(enter: readonly string[]) {
    this.#argv = [...enter, 'cat'];
  }

  /** @throws OrdealError NETWORK_LAB_COMMAND (exit 4) where nothing stands there; asked again, it is tried again. */
  async read(name: string): Promise<string> {
    try {
      this.#standing ??= this.#stand();
      return await readFile(`/proc/${await this.#standing}/net/${name}`, 'utf8');
    } catch (error) {
      this.#standing = undefined;
      throw labCommandFailed(this.#argv, messageOf(error));
    }
  }

  /** Resolves when the process says something back: it is in the namespace then, which is entered before it begins. */
  #stand(): Promise<number> {
    const [command, ...args] = this.#argv;
    // It ends with this process, however that goes: its standard input does then.
    const child: ChildProcess = spawn(command as string, args, { stdio: ['pipe', 'pipe', 'ignore'] });
    return new Promise((resolve, reject) => {
      child.stdin?.on('error', () => undefined);
      child.stdout?.once('data', () => resolve(child.pid as number));
      child.once('error', reject);
      child.once('close', () => {
        this.#standing = undefined;
        reject(new Error('it ended'));
      });
      child.stdin?.write('\n');
    });
  }
}
