import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { z } from 'zod';
import { grouped } from '../history/grouped.ts';
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
type CpuProfile = z.infer<typeof CpuProfile>;

/** What a process of a benchmark did, by the samples that V8 took of it. */
export interface ProgramProfile {
  /** The file that it ran: `edge-relay.mjs`. */
  program: string;
  profile: CpuProfile;
}

/** The part of the processor time of all processes of one program that they spent in one function, without what it called. */
interface SelfTime {
  /** `#parse (harness/history/reader.ts)`, or V8's own name of what is no function: `(garbage collector)`. */
  where: string;
  /** Of all samples in which a process was not idle, 0 to 1. */
  share: number;
}

/** Functions that a table has; what comes after them is told in one sum. */
const ROWS = 8;
/** A program that took less of a benchmark's samples is not what it waits for. */
const LEAST_SHARE = 0.05;
/** A process that waits. */
const IDLE = '(idle)';
/** What a process appends to its program's name. */
const OWN_END = /\.\d+\.cpuprofile$/;
const SAMPLER = pathToFileURL(join(import.meta.dirname, 'sampler.mjs')).href;

/** How often each function of a program was seen at work; what V8 puts natively (JSON.parse, a system call) counts to who called it. */
function samplesOf(profiles: readonly CpuProfile[]): Map<string, number> {
  const samples = new Map<string, number>();
  for (const { callFrame, hitCount } of profiles.flatMap(({ nodes }) => nodes)) {
    if (hitCount === 0 || callFrame.functionName === IDLE) continue;
    const where = placeOf(callFrame);
    samples.set(where, (samples.get(where) ?? 0) + hitCount);
  }
  return samples;
}

function placeOf({ functionName, url }: CpuProfile['nodes'][number]['callFrame']): string {
  if (url === '') return functionName;
  return `${functionName || '(anonymous)'} (${url.startsWith('file:') ? fileOf(fileURLToPath(url)) : url})`;
}

/** As the repository has it; of a file elsewhere, which a benchmark has put there, its name. */
function fileOf(path: string): string {
  const own = relative(process.cwd(), path);
  return own.startsWith('..') ? basename(path) : own;
}

/** A Markdown table for each program that took a noticeable part of a benchmark's processor time, the most first. Pure. */
export function profileTables(benchmark: string, profiles: readonly ProgramProfile[]): string {
  const programs = [...grouped(profiles, ({ program }) => program)].map(([program, own]) => {
    const samples = samplesOf(own.map(({ profile }) => profile));
    return { program, samples, count: [...samples.values()].reduce((sum, each) => sum + each, 0) };
  });
  const all = programs.reduce((sum, { count }) => sum + count, 0);
  return programs
    .filter(({ count }) => count > 0 && count >= LEAST_SHARE * all)
    .sort((a, b) => b.count - a.count)
    .map(({ count, program, samples }) => {
      const times = [...samples]
        .map(([where, each]): SelfTime => ({ where, share: each / count }))
        .sort((a, b) => b.share - a.share);
      return table(`${benchmark}: ${program}’s processor time`, times);
    })
    .join('\n');
}

function table(title: string, times: readonly SelfTime[]): string {
  const rest = times.slice(ROWS).reduce((sum, { share }) => sum + share, 0);
  const rows = [
    ...times.slice(0, ROWS),
    ...(rest > 0 ? [{ where: `${times.length - ROWS} others`, share: rest }] : []),
  ];
  const head = `| ${title} in | share |\n| --- | --- |\n`;
  return head + rows.map(({ share, where }) => `| ${where} | ${(100 * share).toFixed(1)} % |\n`).join('');
}

/** The benchmark, with its Node processes sampled by V8 in each round, and what that has shown so far. */
export function profiled(benchmark: Benchmark): {
  benchmark: Benchmark;
  profiles: readonly ProgramProfile[];
} {
  const profiles: ProgramProfile[] = [];
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
          for (const name of await readdir(folder)) {
            const profile = CpuProfile.parse(JSON.parse(await readFile(join(folder, name), 'utf8')));
            profiles.push({ program: name.replace(OWN_END, ''), profile });
          }
          return figures;
        } finally {
          process.env.NODE_OPTIONS = before;
          await rm(folder, { recursive: true, force: true });
        }
      },
    },
    profiles,
  };
}
