import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { systemClock } from '../clock/clock.ts';
import { EXIT, OrdealError } from '../errors/error.ts';
import type { Plan } from '../plan/schema.ts';
import { redactFolder } from '../redact/files.ts';
import { redactor } from '../redact/own.ts';
import { appointCaretaker } from '../run/caretaker.ts';
import { interruptible } from '../run/interrupt.ts';
import type { RunContext } from '../run/ports.ts';
import { UndoStack } from '../run/undo.ts';
import { makeWorkDir, removeWorkDir } from '../run/work-dir.ts';
import { displayOn } from './display.ts';

/** Where a provider leaves the logs of a cluster that did not come up. */
const CLUSTER_LOGS = 'cluster-logs';

export interface SessionOptions {
  plan: Plan;
  outDir: string;
  quiet: boolean;
  /** Of its own making unless told. */
  runId?: string | undefined;
}

/**
 * What one command that touches a cluster works in: a scratch folder, a log, signals and a deadline, and at the end
 * everything undone, in reverse, whatever happened. What could not be undone is told on standard error.
 */
export async function inSession<T>(
  options: SessionOptions,
  work: (context: RunContext) => Promise<T>,
): Promise<T> {
  const { plan, outDir, quiet, runId = newRunId() } = options;
  mkdirSync(outDir, { recursive: true });
  const file = pino.destination({ dest: join(outDir, 'ordeal.log'), sync: true });
  // On a full disk a line is lost, and nothing else with it.
  file.on('error', () => undefined);
  const log = pino({ base: null }, { write: (line) => file.write(`${redactor.json(JSON.parse(line))}\n`) });
  const { stderr, stdout, env } = process;
  const display = displayOn({ stderr, stdout, env, clock: systemClock, quiet });
  const progress = (line: string) => {
    log.info(line);
    display.line(line);
  };
  const task = async <T>(title: string, work: () => Promise<T>) => {
    log.info(title);
    return await display.task(title, work);
  };
  // Before there is anything to take back: a signal that comes in between would end this process at once.
  const interrupt = interruptible(plan.deadline, progress);
  const caretaker = appointCaretaker(outDir);
  const undo = new UndoStack();
  const workDir = makeWorkDir();
  undo.push('remove the scratch folder', () => removeWorkDir(workDir));
  try {
    return await work({
      plan,
      runId,
      outDir,
      workDir,
      clock: systemClock,
      signal: interrupt.signal,
      undo,
      log,
      progress,
      task,
    });
  } finally {
    const left = await task('tearing down', () => undo.unwind(60_000));
    for (const { title, error } of left) {
      process.stderr.write(`not undone: ${title}: ${error}; \`ordeal clean\` tries again after the end\n`);
    }
    redactFolder(join(outDir, CLUSTER_LOGS));
    if (left.length === 0) caretaker.dismiss();
    interrupt.release();
  }
}

function newRunId(): string {
  const stamp = new Date(systemClock.wall()).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').toLowerCase();
  return `${stamp}-${randomUUID().slice(0, 6)}`;
}

/** By a person or a pipeline, and not by its deadline. */
export function interrupted({ signal }: RunContext): boolean {
  return signal.reason instanceof OrdealError && signal.reason.exit === EXIT.interrupted;
}
