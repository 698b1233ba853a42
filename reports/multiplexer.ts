import type { Logger } from 'pino';
import { messageOf } from '../harness/errors/error.ts';
import type { ReportContext, Reporter } from '../harness/run/ports.ts';

export interface Reported {
  /** Paths written, in the order of the reporters. */
  written: string[];
  failed: { reporter: string; error: string }[];
}

/** Runs every reporter, one after the other. One that throws is logged and named in the answer, and hurts nothing. */
export async function reportAll(
  reporters: readonly Reporter[],
  context: ReportContext,
  log: Pick<Logger, 'error'>,
): Promise<Reported> {
  const reported: Reported = { written: [], failed: [] };
  for (const reporter of reporters) {
    try {
      reported.written.push(...(await reporter.report(context)));
    } catch (error) {
      log.error({ err: error, reporter: reporter.name }, 'a reporter failed');
      reported.failed.push({ reporter: reporter.name, error: messageOf(error) });
    }
  }
  return reported;
}
