import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Reporter } from '../../harness/run/ports.ts';
import { follow } from './progress.ts';
import { openMetrics } from './registry.ts';

/** `metrics.txt`: the run in the end, in the OpenMetrics text format. https://prometheus.io/docs/specs/om/open_metrics_spec/ */
export const metricsReporter: Reporter = {
  name: 'metrics',
  async report({ history, outDir, verdict }) {
    const path = join(outDir, 'metrics.txt');
    const progress = follow(history)();
    await mkdir(outDir, { recursive: true });
    await writeFile(path, await openMetrics([{ runId: verdict.runId, progress, verdict }]));
    return [path];
  },
};
