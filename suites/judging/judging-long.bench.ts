import { statfs } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import type { Benchmark } from '../../harness/bench/benchmark.ts';
import { figuresOf } from './judging.bench.ts';

const EVENTS = 10_000_000;
const DISK_BYTES = 6e9;
const MEMORY_BYTES = 14e9;

/** Ten million events: ten times what `judging` has at most. */
export const benchmark: Benchmark = {
  name: 'judging-long',
  rounds: 1,
  async missing() {
    const { bavail, bsize } = await statfs(tmpdir());
    if (bavail * bsize < DISK_BYTES) return `its history takes ${DISK_BYTES / 1e9} GB of ${tmpdir()}`;
    return freemem() < MEMORY_BYTES
      ? `a history is in memory as a whole: ${MEMORY_BYTES / 1e9} GB`
      : undefined;
  },
  round: async (signal) => [
    ...(await figuresOf('gpu', EVENTS, signal)),
    ...(await figuresOf('edge', EVENTS, signal)),
  ],
};
