/**
 * `npm run bench [-- --quick | --profile] [NAME …]`: the benchmarks of every `*.bench.ts`, or the named ones, as a Markdown
 * table with the machine; `--quick` takes one round of each, `--profile` too, and says in which functions of their processes
 * the time went, which takes time itself. Figures are no test: whatever they are, the exit code is 0 unless a benchmark failed.
 */
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { EXIT, messageOf, OrdealError } from '../errors/error.ts';
import { interruptible } from '../run/interrupt.ts';
import type { Benchmark } from './benchmark.ts';
import { load, machine } from './machine.ts';
import { profiled, profileTables } from './profile.ts';
import { inTurns } from './rounds.ts';
import { table } from './table.ts';

/** Long enough for all of them on a busy machine. */
const DEADLINE_MS = 60 * 60_000;
const FOLDERS = ['harness', 'clusters', 'faults', 'suites', 'reports'];

async function found(): Promise<Benchmark[]> {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.bench.ts'))
      .map((name) => join(folder, name)),
  ).sort();
  return await Promise.all(files.map(async (file) => (await import(resolve(file))).benchmark));
}

function chosen(all: readonly Benchmark[], names: readonly string[]): Benchmark[] {
  const unknown = names.filter((wanted) => !all.some(({ name }) => name === wanted));
  if (unknown.length === 0) return all.filter(({ name }) => names.length === 0 || names.includes(name));
  throw new OrdealError({
    code: 'BENCHMARK_UNKNOWN',
    exit: EXIT.usage,
    tried: `running the benchmark ${unknown.join(', ')}`,
    seen: 'there is none of that name',
    todo: `name some of ${all.map(({ name }) => name).join(', ')}, or none for all`,
  });
}

async function main(): Promise<void> {
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const { positionals, values } = parseArgs({
    options: { quick: { type: 'boolean', default: false }, profile: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const able: Benchmark[] = [];
  const leftOut: string[] = [];
  for (const benchmark of chosen(await found(), positionals)) {
    const missing = await benchmark.missing();
    if (missing !== undefined) leftOut.push(`${benchmark.name}: ${missing}`);
    else able.push({ ...benchmark, rounds: values.quick || values.profile ? 1 : benchmark.rounds });
  }
  const taken = able.map((benchmark) => (values.profile ? profiled(benchmark) : { benchmark, profiles: [] }));
  const before = load();
  const interrupt = interruptible(DEADLINE_MS, say);
  const benchmarks = taken.map(({ benchmark }) => benchmark);
  const { failed, summaries } = await inTurns(benchmarks, say, interrupt.signal).finally(() =>
    interrupt.release(),
  );
  const without = [...leftOut, ...failed.map((name) => `${name}: it failed`)];
  process.stdout.write(
    [
      `${machine()}. Load average ${before} before, ${load()} after.\n\n${table(summaries)}`,
      ...taken.map(({ benchmark, profiles }) =>
        profiles.length === 0 ? '' : `\n${profileTables(benchmark.name, profiles)}`,
      ),
      ...(without.length > 0 ? [`\nLeft out:\n\n${without.map((line) => `- ${line}\n`).join('')}`] : []),
    ].join(''),
  );
  if (failed.length > 0) process.exitCode = EXIT.defect;
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof OrdealError ? error.format() : messageOf(error)}\n`);
  process.exitCode = error instanceof OrdealError ? error.exit : EXIT.defect;
}
