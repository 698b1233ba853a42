import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { Benchmark } from './benchmark.ts';

/** What of a V8 CPU profile is read, https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile. */
const CpuProfile = z.object({
  nodes: z.array(
    z.object({
      callFrame: z.object({ functionName: z.string(), url: z.string() }),
      /** Samples in which it was the innermost. */
      hitCount: z.int(),
    }),
  ),
});
export type CpuProfile = z.infer<typeof CpuProfile>;

/** The part of a benchmark's processor time that its Node processes spent in one function, without what it called. */
export interface SelfTime {
  /** `#parse (harness/history/reader.ts)`, or V8's own name of what is no function: `(garbage collector)`. */
  where: string;
  /** Of all samples in which a process was not idle, 0 to 1. */
  share: number;
}

/** Functions that a table has; what comes after them is told in one sum. */
const ROWS = 12;
/** A process that waits. */
const IDLE = '(idle)';
const SAMPLER = pathToFileURL(join(import.meta.dirname, 'sampler.mjs')).href;

/** Of all processes together, the most first; what V8 puts natively (JSON.parse, a system call) counts to who called it. Pure. */
export function selfTimes(profiles: readonly CpuProfile[]): SelfTime[] {
  const samples = new Map<string, number>();
  let all = 0;
  for (const { callFrame, hitCount } of profiles.flatMap(({ nodes }) => nodes)) {
    if (hitCount === 0 || callFrame.functionName === IDLE) continue;
    const where = placeOf(callFrame);
    samples.set(where, (samples.get(where) ?? 0) + hitCount);
    all += hitCount;
  }
  return [...samples]
    .map(([where, count]) => ({ where, share: count / all }))
    .sort((a, b) => b.share - a.share);
}

function placeOf({ functionName, url }: CpuProfile['nodes'][number]['callFrame']): string {
  if (url === '') return functionName;
  const file = url.startsWith('file:') ? relative(process.cwd(), fileURLToPath(url)) : url;
  return `${functionName || '(anonymous)'} (${file})`;
}

/** A Markdown table of where the time of a benchmark went. Pure. */
export function profileTable(benchmark: string, times: readonly SelfTime[]): string {
  const rest = times.slice(ROWS).reduce((sum, { share }) => sum + share, 0);
  const rows = [
    ...times.slice(0, ROWS),
    ...(rest > 0 ? [{ where: `${times.length - ROWS} others`, share: rest }] : []),
  ];
  const head = `| ${benchmark}: processor time in | share |\n| --- | --- |\n`;
  return head + rows.map(({ share, where }) => `| ${where} | ${(100 * share).toFixed(1)} % |\n`).join('');
}

/** The benchmark, with its Node processes sampled by V8 in each round, and what that has shown so far. */
export function profiled(benchmark: Benchmark): { benchmark: Benchmark; times(): SelfTime[] } {
  const profiles: CpuProfile[] = [];
  return {
    benchmark: {
      ...benchmark,
      async round(signal) {
        const folder = await mkdtemp(join(tmpdir(), 'profile-'));
        const { NODE_OPTIONS: before = '' } = process.env;
        // What is started inherits them, and so does what that starts.
        process.env.NODE_OPTIONS = `${before} --import=${SAMPLER}`.trim();
        process.env.ORDEAL_BENCH_PROFILES = folder;
        try {
          const figures = await benchmark.round(signal);
          for (const name of await readdir(folder))
            profiles.push(CpuProfile.parse(JSON.parse(await readFile(join(folder, name), 'utf8'))));
          return figures;
        } finally {
          process.env.NODE_OPTIONS = before;
          await rm(folder, { recursive: true, force: true });
        }
      },
    },
    times: () => selfTimes(profiles),
  };
}
