import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { EXIT, messageOf, OrdealError } from '../../harness/errors/error.ts';

/** A process of this project that has said that it is ready. */
export interface Started {
  pid: number;
  /** What its first line of output held. */
  said: unknown;
  /** Resolves when it has ended, with how. */
  ended: Promise<string>;
  /** Ends it by its lifeline, then, after the deadline, by SIGKILL; resolves when it has ended. Not for a detached one. */
  end(deadlineMs?: number): Promise<void>;
}

export interface StartOptions {
  /** What it is, for an error: "the embedded cluster". */
  what: string;
  /** What node is given: a file to run, and the program's own arguments. */
  argv: readonly string[];
  /** Its standard error goes there. */
  log: string;
  deadlineMs: number;
  /** It outlives this process, and its standard input is no lifeline. */
  detached?: boolean;
  signal?: AbortSignal;
}

const END_MS = 10_000;

/**
 * Starts one of the project's own processes and waits for its first line of output, which is JSON.
 * @throws OrdealError PROCESS_NOT_READY (exit 4) with the end of its log; the signal's reason when that aborts.
 */
export async function startProcess(options: StartOptions): Promise<Started> {
  const { argv, detached = false, log, signal } = options;
  signal?.throwIfAborted();
  const logFile = openSync(log, 'a', 0o600);
  const child = spawn(process.execPath, argv, {
    detached,
    stdio: [detached ? 'ignore' : 'pipe', 'pipe', logFile],
  });
  closeSync(logFile);
  const over = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(messageOf(error)));
    child.once('exit', (code, by) => resolve(by ? `it was ended by ${by}` : `it exited with code ${code}`));
  });
  // A lifeline to a process that has gone breaks; how it went is what `over` tells.
  child.stdin?.on('error', () => undefined);
  let timer: NodeJS.Timeout | undefined;
  const line = new Promise<string>((resolve) => {
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
  });
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`it was not ready in ${options.deadlineMs} ms`), options.deadlineMs);
  });
  const aborted = new Promise<string>((resolve) => {
    signal?.addEventListener('abort', () => resolve('the run was interrupted'), { once: true });
  });
  const failure = Promise.race([over, late, aborted]).then((reason) => ({ reason }));
  const first = await Promise.race([line, failure]);
  clearTimeout(timer);
  if (typeof first === 'object') {
    child.kill('SIGKILL');
    // Whoever hears of it takes away what it wrote into.
    await over;
    signal?.throwIfAborted();
    throw await notReady(options, first.reason);
  }
  if (detached) {
    child.stdout?.destroy();
    child.unref();
  }
  return {
    pid: child.pid as number,
    said: JSON.parse(first),
    ended: over,
    async end(deadlineMs = END_MS) {
      child.stdin?.end();
      const patience = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
      await over;
      clearTimeout(patience);
    },
  };
}

async function notReady({ log, what }: StartOptions, reason: string): Promise<OrdealError> {
  const tail = await lastWords(log);
  return new OrdealError({
    code: 'PROCESS_NOT_READY',
    exit: EXIT.unable,
    tried: `starting ${what}`,
    seen: tail ? `${reason}\n${tail}` : reason,
    todo: `look at ${log}`,
  });
}

/** The last lines of a process's log; empty where there is none. */
export async function lastWords(log: string): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-8).join('\n');
}
