import { EXIT, type ExitCode, OrdealError } from '../errors/error.ts';

/** Tells on standard error what ended a command, without a stack; returns its exit code. */
export function tellFailure(error: unknown): ExitCode {
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
