/**
 * The host's end of the channel to a guest's agent: a line of JSON each way. To the guest: `{id, argv, cwd}` runs a
 * command, `{id, signal}` signals it. From it: `{taken}` for each line that it read, `{event}` for ready or failed,
 * `{id, stream, line}` for each line that a command says, `{id, code}` at a command's end.
 */
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';

/**
 * Bytes that the guest may have unread. Its terminal holds 4,096, and one that was full once never hears again
 * (measured on the guest kernel 6.1.176).
 */
export const WINDOW_BYTES = 3_500;

const Said = z.union([
  z.strictObject({ taken: z.int() }),
  z.strictObject({ event: z.literal('ready'), kernel: z.string() }),
  z.strictObject({ event: z.literal('failed'), step: z.string() }),
  z.strictObject({ id: z.int(), stream: z.enum(['stdout', 'stderr']), line: z.string() }),
  z.strictObject({ id: z.int(), code: z.int().nullable(), error: z.string().optional() }),
]);

/** How a command in the guest ended. */
export interface Ended {
  /** Null where a signal ended it, or it could not be started. */
  code: number | null;
  error?: string | undefined;
}

interface Command {
  onLine(line: string, stream: 'stdout' | 'stderr'): void;
  end(how: Ended): void;
}

export type Beginning = { ready: true; kernel: string } | { ready: false; step: string };

export class Channel {
  /** Resolves once with what the guest's init came to. */
  readonly begun: Promise<Beginning>;
  readonly #to: Writable;
  readonly #queue: string[] = [];
  readonly #commands = new Map<number, Command>();
  #begin: (beginning: Beginning) => void = () => undefined;
  #untaken = 0;
  #next = 1;

  constructor(to: Writable, from: Readable) {
    this.#to = to;
    this.begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
    // A channel to a guest that has gone breaks; how the guest went is known from its process.
    to.on('error', () => undefined);
    createInterface({ input: from }).on('line', (line) => this.#hear(line));
  }

  /**
   * Starts a command in the guest; `ended` never settles where the guest goes first.
   * @throws RangeError for a command that the window cannot hold: what is big goes as a file.
   */
  run(command: { argv: readonly string[]; cwd: string; onLine: Command['onLine'] }): {
    ended: Promise<Ended>;
    signal(name: NodeJS.Signals): void;
  } {
    const { argv, cwd, onLine } = command;
    const id = this.#next++;
    const ended = new Promise<Ended>((end) => {
      this.#commands.set(id, { onLine, end });
    });
    this.#say({ id, argv, cwd });
    return { ended, signal: (signal) => this.#say({ id, signal }) };
  }

  #say(message: object): void {
    const line = `${JSON.stringify(message)}\n`;
    if (Buffer.byteLength(line) > WINDOW_BYTES) {
      throw new RangeError(`a command of ${Buffer.byteLength(line)} bytes: at most ${WINDOW_BYTES}`);
    }
    this.#queue.push(line);
    this.#pump();
  }

  #pump(): void {
    for (let line = this.#queue[0]; line !== undefined; line = this.#queue[0]) {
      const bytes = Buffer.byteLength(line);
      if (this.#untaken + bytes > WINDOW_BYTES) return;
      this.#queue.shift();
      this.#untaken += bytes;
      this.#to.write(line);
    }
  }

  #hear(line: string): void {
    const said = parsed(line);
    if (said === undefined) return;
    if ('taken' in said) {
      this.#untaken -= said.taken;
      this.#pump();
    } else if ('event' in said) {
      this.#begin(
        said.event === 'ready' ? { ready: true, kernel: said.kernel } : { ready: false, step: said.step },
      );
    } else if ('line' in said) {
      this.#commands.get(said.id)?.onLine(said.line, said.stream);
    } else {
      const command = this.#commands.get(said.id);
      this.#commands.delete(said.id);
      command?.end({ code: said.code, error: said.error });
    }
  }
}

/** Undefined for a line that is none of the agent's: a dying guest may cut one short. */
function parsed(line: string): z.infer<typeof Said> | undefined {
  try {
    return Said.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
