import type { Logger } from 'pino';
import { messageOf } from '../harness/errors/error.ts';
import { redactor } from '../harness/redact/own.ts';
import type { ReportContext, Reporter } from '../harness/run/ports.ts';
import type { Verdict } from '../harness/verdict/verdict.ts';

export interface Reported {
  /** Paths written, in the order of the reporters. */
  written: string[];
  failed: { reporter: string; error: string }[];
}

/**
 * Runs every reporter, one after the other, on a verdict without secrets: the history has none, and what a verdict has
 * besides is of the plan. One that throws is logged and named in the answer, and hurts nothing.
 */
export async function reportAll(
  reporters: readonly Reporter[],
  context: ReportContext,
  log: Pick<Logger, 'error'>,
): Promise<Reported> {
  const reported: Reported = { written: [], failed: [] };
  const verdict: Verdict = JSON.parse(redactor.json(context.verdict));
  for (const reporter of reporters) {
    try {
      reported.written.push(...(await reporter.report({ ...context, verdict })));
    } catch (error) {
      log.error({ err: error, reporter: reporter.name }, 'a reporter failed');
      reported.failed.push({ reporter: reporter.name, error: messageOf(error) });
    }
  }
  return reported;
}
