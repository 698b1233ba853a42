import { tryRun } from '../exec/exec.ts';
import { quantile } from '../verdict/bounds.ts';

/** How long it took, in ms. */
export async function timed(action: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await action();
  return performance.now() - from;
}

export function medianOf(values: readonly number[]): number {
  return quantile([...values], 0.5) ?? Number.NaN;
}

/** Whether this machine has a command and it works. */
export async function answers(argv: readonly string[]): Promise<boolean> {
  return await tryRun(argv).then(
    ({ exitCode }) => exitCode === 0,
    () => false,
  );
}
