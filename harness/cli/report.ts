import { join, resolve } from 'node:path';
import pino from 'pino';
import type { ExitCode } from '../errors/error.ts';
import { readHistory } from '../history/reader.ts';
import { loadPlan } from '../plan/load.ts';
import { HISTORY_FILE, PLAN_FILE } from '../run/files.ts';
import { exitCodeOf } from '../verdict/exit-code.ts';
import { judge } from '../verdict/judge.ts';
import type { Parts } from './parts.ts';
import { suitesOf } from './runs.ts';

/** `ordeal report DIR`: judges a past run again, from its history and its plan alone. */
export async function report(parts: Parts, dir: string, options: { allure: boolean }): Promise<ExitCode> {
  const outDir = resolve(dir);
  const plan = await loadPlan(join(outDir, PLAN_FILE));
  const suites = await suitesOf(parts, plan);
  const { events, truncated } = await readHistory(join(outDir, HISTORY_FILE));
  const verdict = judge({ history: events, suites, plan, truncated });
  const timeline = () => suites.flatMap((suite) => suite.timeline(events));
  const context = { verdict, history: events, timeline, outDir, env: process.env, stdout: process.stdout };
  await parts.reportAll(await parts.reporters(), context, pino({ level: 'error' }, pino.destination(2)));
  if (options.allure) process.stdout.write(`allure: ${await parts.generateAllure(outDir)}\n`);
  return exitCodeOf(verdict.verdict);
}
