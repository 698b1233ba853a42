import { type ChildProcess, spawn } from 'node:child_process';
import type { OrdealError } from '../../../harness/errors/error.ts';
import { labCommandFailed } from './host.ts';

const MARK = '\x1e';

/**
 * A command that is run over and over, by a shell that was started once. What is looked at twice a second must not be
 * a fork of this process each time: that copies the page tables of its whole heap and holds up everything else in it.
 */
export class StandingCommand {
  readonly #argv: readonly string[];
  #shell: ChildProcess | undefined;
  #text = '';
  #waiting: { resolve(answer: string): void; reject(error: OrdealError): void }[] = [];

  /**
   * @param enter what puts a program to where the command is to run
   * @param command as a shell has it; its arguments are names of our own, with nothing to quote
   */
  constructor(enter: readonly string[], command: readonly string[]) {
    const script = `while read -r _; do ${command.join(' ')}; printf '\\036\\n'; done`;
    this.#argv = [...enter, 'sh', '-c', script];
  }

  /**
   * What the command writes to standard output now.
   * @throws OrdealError NETWORK_LAB_COMMAND (exit 4) where the shell has ended; asked again, it is started again.
   */
  ask(): Promise<string> {
    return new Promise((resolve, reject) => {
      const shell = this.#shell ?? this.#start();
      this.#waiting.push({ resolve, reject });
      shell.stdin?.write('\n');
    });
  }

  #start(): ChildProcess {
    const [command, ...args] = this.#argv;
    // It ends with this process, however that goes: its standard input does then.
    const shell = spawn(command as string, args, { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#shell = shell;
    this.#text = '';
    shell.stdin.on('error', () => undefined);
    shell.stdout.setEncoding('utf8').on('data', (part: string) => this.#read(part));
    const over = (seen: string) => {
      if (this.#shell === shell) this.#shell = undefined;
      for (const answer of this.#waiting.splice(0)) answer.reject(labCommandFailed(this.#argv, seen));
    };
    shell.once('error', ({ message }) => over(message));
    shell.once('close', (code, by) => over(by ? `it was ended by ${by}` : `it exited with code ${code}`));
    return shell;
  }

  #read(part: string): void {
    const answers = (this.#text + part).split(`${MARK}\n`);
    this.#text = answers.pop() ?? '';
    for (const answer of answers) this.#waiting.shift()?.resolve(answer);
  }
}
