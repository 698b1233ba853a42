import { findProgram } from './command.ts';
import type { Container } from './container.ts';
import { DEFAULT_PATH } from './environment.ts';
import type { ShimPool } from './shim.ts';

/**
 * Runs a command beside a container's first process, with its environment and root. It is killed when the signal
 * aborts, and with the container. @throws Error in the runtime's words where there is no such program.
 */
export async function execIn(
  container: Container,
  [command = '', ...args]: readonly string[],
  shims: ShimPool,
  path = DEFAULT_PATH,
  signal: AbortSignal,
): Promise<{ exitCode: number; output: string }> {
  const { cwd, env } = container.task;
  const program = findProgram(command, env.ORDEAL_ROOT ?? cwd, path);
  signal.throwIfAborted();
  return await new Promise((resolve) => {
    const lines: string[] = [];
    const task = shims.start(
      { argv: [program, ...args], cwd, env },
      {
        line: (text) => lines.push(text),
        ended(exitCode) {
          signal.removeEventListener('abort', kill);
          resolve({ exitCode, output: lines.join('\n') });
        },
      },
    );
    const kill = () => task.signal('SIGKILL');
    signal.addEventListener('abort', kill);
    void container.ended.then(kill);
  });
}
