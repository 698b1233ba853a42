import { EXIT, type ExitCode, messageOf, OrdealError } from '../errors/error.ts';

/** Tells on standard error what ended a command, without a stack; returns its exit code. */
export function tellFailure(thrown: unknown): ExitCode {
  const error = diskFull(thrown) ?? thrown;
  if (error instanceof OrdealError) {
    process.stderr.write(`${error.format()}\n`);
    return error.exit;
  }
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    `this is a defect of ordeal: ${text}\n  do: run again with ORDEAL_DEBUG=1 and report what it prints\n`,
  );
  if (process.env.ORDEAL_DEBUG === '1') process.stderr.write(`${(error as Error).stack}\n`);
  return EXIT.defect;
}

/** Wherever it was that nothing more could be written. */
function diskFull(error: unknown): OrdealError | undefined {
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return undefined;
  return new OrdealError({
    code: 'DISK_FULL',
    exit: EXIT.unable,
    tried: `${syscall ?? 'writing'}${path === undefined ? '' : ` of ${path}`}`,
    seen: messageOf(error),
    todo: 'make room, or name other folders with --out, TMPDIR and XDG_STATE_HOME; what was broken was healed, or is by `ordeal clean`',
    cause: error,
  });
}
