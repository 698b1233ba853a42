import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { Clock } from '../../harness/clock/clock.ts';
import { messageOf } from '../../harness/errors/error.ts';
import type { Recorder } from '../../harness/history/event.ts';
import { gpuNodeFiles } from './layout.ts';
import { LedgerLine } from './ledger.ts';

interface Followable {
  name: string;
  stateDir: string | undefined;
}

export interface LedgerFollower {
  /** Reads what is in the files now into the history. */
  drain(): void;
  /** Drains and ends. */
  stop(): Promise<void>;
}

/** Of all tails: none keeps anything in it, and a thousand of their own would be 64 MiB. */
const buffer = Buffer.alloc(1 << 16);

/** Reads one file's growth, whole lines at a time. */
export class Tail {
  readonly #path: string;
  readonly #decoder = new StringDecoder('utf8');
  #offset = 0;
  #partial = '';

  constructor(path: string) {
    this.#path = path;
  }

  lines(): string[] {
    let file: number;
    try {
      file = openSync(this.#path, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
    try {
      for (;;) {
        const read = readSync(file, buffer, 0, buffer.length, this.#offset);
        if (read === 0) break;
        this.#offset += read;
        this.#partial += this.#decoder.write(buffer.subarray(0, read));
      }
    } finally {
      closeSync(file);
    }
    const lines = this.#partial.split('\n');
    this.#partial = lines.pop() ?? '';
    return lines;
  }
}

/**
 * Brings the nodes' ledgers into the history as they grow: type `ledger.<line type>`, source `node/<name>`, body the
 * line. It ends only when it is told to, for healing is watched through it after the run itself was interrupted. A
 * line that cannot be read is recorded as `ledger.unreadable`: a checker must know that something was missed.
 */
export function followLedgers(
  nodes: readonly Followable[],
  recorder: Recorder,
  options: { clock: Clock; intervalMs?: number },
): LedgerFollower {
  const tails = nodes.flatMap(({ name, stateDir }) =>
    stateDir === undefined ? [] : [{ name, tail: new Tail(gpuNodeFiles(stateDir).ledger) }],
  );
  const drain = () => {
    for (const { name, tail } of tails) {
      for (const text of tail.lines()) {
        try {
          const line = LedgerLine.parse(JSON.parse(text));
          recorder.record(`node/${name}`, `ledger.${line.type}`, line);
        } catch (error) {
          recorder.record(`node/${name}`, 'ledger.unreadable', {
            text: text.slice(0, 200),
            reason: messageOf(error),
          });
        }
      }
    }
  };
  const ending = new AbortController();
  const { signal } = ending;
  const loop = (async () => {
    while (!signal.aborted) {
      drain();
      await options.clock.sleep(options.intervalMs ?? 100, signal).catch(() => undefined);
    }
  })();
  return {
    drain,
    async stop() {
      ending.abort();
      await loop;
      drain();
    },
  };
}
