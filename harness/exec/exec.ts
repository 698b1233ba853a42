import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { type ExecaError, execa } from 'execa';
import { EXIT, OrdealError } from '../errors/error.ts';

export interface RunOptions {
  /** Milliseconds until the process is ended (SIGTERM, then SIGKILL); 60,000 unless told, 0 for none. */
  timeoutMs?: number;
  /** Written to standard input, which is closed after it; without it standard input is empty. */
  input?: string;
  cwd?: string;
  /** Added to this process's environment. */
  env?: NodeJS.ProcessEnv;
  /** Ends the process when it aborts. */
  signal?: AbortSignal;
}

export interface RunResult {
  /** 128 + the signal's number where a signal ended the process, as a shell has it. */
  exitCode: number;
  /** Without the final newline. */
  stdout: string;
  stderr: string;
  durationMs: number;
}

const defaultTimeoutMs = 60_000;
const keptErrorLines = 8;

/**
 * Runs a command given as an argument array (no shell) and returns what it said, whatever its exit code.
 * @throws OrdealError COMMAND_MISSING (exit 4) where there is no such command, COMMAND_TIMEOUT (exit 4) when it was
 * ended for time, COMMAND_FAILED (exit 4) where it could not be run to an end; the signal's reason when that aborts.
 */
export async function tryRun(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [command, ...args] = argv;
  if (!command) throw new TypeError('an empty argument array names no command');
  const { timeoutMs = defaultTimeoutMs, input, cwd, env, signal } = options;
  signal?.throwIfAborted();
  const result = await execa(command, args, {
    reject: false,
    timeout: timeoutMs,
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  const { stdout, stderr, durationMs } = result;
  if (result.isCanceled) throw signal?.reason ?? new Error(`${command} was cancelled`);
  if (result.timedOut) {
    throw new OrdealError({
      code: 'COMMAND_TIMEOUT',
      exit: EXIT.unable,
      tried: `running ${shown(argv)}`,
      seen: `not done in ${timeoutMs} ms${lastLines(stderr)}`,
      todo: 'run the command by hand to see what it waits for',
      cause: result,
    });
  }
  if (result.exitCode !== undefined) return { exitCode: result.exitCode, stdout, stderr, durationMs };
  if (result.signal !== undefined) {
    return { exitCode: 128 + constants.signals[result.signal], stdout, stderr, durationMs };
  }
  throw neverStarted(argv, cwd, result as ExecaError);
}

/**
 * `tryRun`, for a command that has to succeed.
 * @throws what `tryRun` does, and OrdealError COMMAND_FAILED (exit 4), with the last lines of standard error, for an
 * exit code that is not among `okCodes` (0 alone unless told).
 */
export async function run(
  argv: readonly string[],
  options: RunOptions & { okCodes?: readonly number[] } = {},
): Promise<RunResult> {
  const result = await tryRun(argv, options);
  if ((options.okCodes ?? [0]).includes(result.exitCode)) return result;
  throw new OrdealError({
    code: 'COMMAND_FAILED',
    exit: EXIT.unable,
    tried: `running ${shown(argv)}`,
    seen: `exit code ${result.exitCode}${lastLines(result.stderr || result.stdout)}`,
    todo: 'the lines above are the command’s own; run it by hand for the rest',
  });
}

function neverStarted(argv: readonly string[], cwd: string | undefined, cause: ExecaError): OrdealError {
  // ENOENT is also said of a missing working folder, and EACCES of a missing command where PATH names a folder that may
  // not be searched.
  const missing =
    (cause.code === 'ENOENT' && (cwd === undefined || existsSync(cwd))) ||
    (cause.code === 'EACCES' && !isOnPath(argv[0] ?? ''));
  return new OrdealError({
    code: missing ? 'COMMAND_MISSING' : 'COMMAND_FAILED',
    exit: EXIT.unable,
    tried: `running ${shown(argv)}${cwd === undefined ? '' : ` in ${cwd}`}`,
    seen: missing
      ? `there is no ${argv[0]} on this machine’s PATH`
      : cause.originalMessage || cause.shortMessage,
    todo: missing ? `install ${argv[0]}; ordeal doctor says how` : 'run the command by hand to see why',
    cause,
  });
}

/** Whether a command's name, or path, is that of a file that this user can see. */
function isOnPath(command: string): boolean {
  if (command.includes('/')) return existsSync(command);
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, command)));
}

/** For a message only: words with blanks are quoted, and a long line is cut. */
function shown(argv: readonly string[]): string {
  const line = argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word))).join(' ');
  return line.length > 200 ? `${line.slice(0, 199)}…` : line;
}

function lastLines(text: string): string {
  const lines = text.trimEnd().split('\n').slice(-keptErrorLines).join('\n');
  return lines.trim() === '' ? '' : `\n${lines}`;
}
