/**
 * `npm run bench [NAME …]`: the benchmarks of every `*.bench.ts`, or the named ones, as a Markdown table with the machine.
 * Figures are no test: whatever they are, the exit code is 0 unless a benchmark could not be run.
 */
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EXIT, messageOf, OrdealError } from '../errors/error.ts';
import { interruptible } from '../run/interrupt.ts';
import type { Benchmark } from './benchmark.ts';
import { load, machine } from './machine.ts';
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
  const able: Benchmark[] = [];
  for (const benchmark of chosen(await found(), process.argv.slice(2))) {
    const missing = await benchmark.missing();
    if (missing === undefined) able.push(benchmark);
    else say(`skipped: ${benchmark.name}: ${missing}`);
  }
  const before = load();
  const interrupt = interruptible(DEADLINE_MS, say);
  const summaries = await inTurns(able, say, interrupt.signal).finally(() => interrupt.release());
  process.stdout.write(
    `${machine()}. Load average ${before} before, ${load()} after.\n\n${table(summaries)}`,
  );
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof OrdealError ? error.format() : messageOf(error)}\n`);
  process.exitCode = error instanceof OrdealError ? error.exit : EXIT.defect;
}
