import { tryRun } from '../exec/exec.ts';

/** How long it took, in ms. */
export async function timed(action: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await action();
  return performance.now() - from;
}

/** Whether this machine has a command and it works. */
export async function answers(argv: readonly string[]): Promise<boolean> {
  return await tryRun(argv).then(
    ({ exitCode }) => exitCode === 0,
    () => false,
  );
}
