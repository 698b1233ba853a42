import { resolve } from 'node:path';
import pino from 'pino';
import type { ExitCode } from '../errors/error.ts';
import { plannedOtherwise, underAnotherPlan } from '../gate/contradictions.ts';
import { pastRun } from '../run/past-run.ts';
import { exitCodeOf } from '../verdict/exit-code.ts';
import type { Parts } from './parts.ts';
import { suitesOf } from './plan-of.ts';

export interface ReportOptions {
  allure: boolean;
  /** A folder that Allure's history is kept in. */
  allureHistory?: string;
}

/** `ordeal report DIR`: judges a past run again, from its history and its plan alone; by another plan than its own it certifies nothing. */
export async function report(parts: Parts, dir: string, options: ReportOptions): Promise<ExitCode> {
  const outDir = resolve(dir);
  const run = await pastRun(outDir, (plan) => suitesOf(parts, plan));
  const { history, plan, suites } = run;
  const verdict = underAnotherPlan(run.judge(), plannedOtherwise(plan, history));
  const timeline = () => suites.flatMap((suite) => suite.timeline(history));
  const context = { verdict, history, timeline, outDir, env: process.env, stdout: process.stdout };
  await parts.reportAll(await parts.reporters(), context, pino({ level: 'error' }, pino.destination(2)));
  const { allure, allureHistory } = options;
  if (allure || allureHistory !== undefined) {
    const kept = allureHistory === undefined ? {} : { history: resolve(allureHistory) };
    process.stdout.write(`allure: ${await parts.generateAllure(outDir, kept)}\n`);
  }
  return exitCodeOf(verdict.verdict);
}
