import type { LiveMetrics } from '../run/ports.ts';
import type { RunOptions } from './options.ts';
import type { Parts } from './parts.ts';

/** Works with the metrics that `--metrics` asks for, where it does: told of while the command lives, and closed at its end. */
export async function withMetrics<T>(
  parts: Pick<Parts, 'metrics'>,
  { metrics: targets }: Pick<RunOptions, 'metrics'>,
  work: (metrics?: LiveMetrics) => Promise<T>,
): Promise<T> {
  if (!targets?.length) return await work();
  const metrics = await parts.metrics(targets);
  try {
    for (const url of metrics.urls) process.stderr.write(`metrics: ${url}\n`);
    return await work(metrics);
  } finally {
    await metrics.close();
  }
}
