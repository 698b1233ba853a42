/** The keeper’s program: runs the commands that it is sent until its standard input ends, and everything in it with it. */
import { createInterface } from 'node:readline';
import { EXIT, messageOf, OrdealError } from '../../../../harness/errors/error.ts';
import { tryRun } from '../../../../harness/exec/exec.ts';
import type { Answer, Command } from './protocol.ts';

function say(answer: Answer): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

async function answer({ argv, id, ...options }: Command): Promise<void> {
  try {
    const { exitCode, stderr, stdout } = await tryRun(argv, options);
    say({ id, exitCode, stdout, stderr });
  } catch (error) {
    say({ id, error: factsOf(error, argv) });
  }
}

function factsOf(error: unknown, argv: readonly string[]) {
  if (error instanceof OrdealError) {
    const { code, exit, seen, todo, tried } = error;
    return { code, exit, seen, todo, tried };
  }
  return {
    code: 'COMMAND_FAILED',
    exit: EXIT.unable,
    tried: `running ${argv.join(' ')} at the keeper`,
    seen: messageOf(error),
    todo: 'this is a defect of the keeper',
  };
}

createInterface({ input: process.stdin })
  .on('line', (line) => void answer(JSON.parse(line) as Command))
  .on('close', () => process.exit());
say({ ready: true });
