import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../harness/exec/exec.ts';
import { readHistory } from '../../harness/history/reader.ts';
import { burstStarts } from './latencies.ts';

/** How quickly GPU pods start under the burst of a run of the hardened profile with these options besides. */
export async function measureStarts(
  options: readonly string[],
  signal: AbortSignal,
): Promise<{ perSecond: number; starts: number }> {
  const out = await mkdtemp(join(tmpdir(), 'bench-'));
  try {
    await run(
      [
        ...[process.execPath, 'ordeal.mjs', 'run', '--suite', 'gpu', '--profile', 'hardened', '--out', out],
        ...options,
      ],
      // Refused or certified: it is the speed that is measured.
      { timeoutMs: 0, signal, okCodes: [0, 1, 2] },
    );
    const { gpuMs, perSecond } = burstStarts((await readHistory(join(out, 'events.jsonl'))).events);
    return { perSecond: perSecond ?? Number.NaN, starts: gpuMs.length };
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}
