import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { messageOf, OrdealError } from '../errors/error.ts';
import type { Plan } from '../plan/schema.ts';
import { HISTORY_FILE, runUnreadable, VERDICT_FILE } from '../run/files.ts';
import { type PastRun, pastRun } from '../run/past-run.ts';
import type { JudgedSuite } from '../verdict/judge.ts';
import { Verdict } from '../verdict/verdict.ts';
import { plannedOtherwise, writtenOtherwise } from './contradictions.ts';
import type { GateRun } from './run.ts';

/** The suites that a plan names. */
export type SuitesOf = (plan: Plan) => Promise<readonly JudgedSuite[]>;

/**
 * The folders of runs that `dir` is, or that lie below it: `ordeal run` leaves a folder for each suite and profile.
 * @throws OrdealError RUN_UNREADABLE (exit 4) where there is none.
 */
export async function runFolders(dir: string): Promise<string[]> {
  if (isRun(dir)) return [dir];
  const names = await readdir(dir, { recursive: true }).catch((error: unknown) => {
    throw runUnreadable(dir, error);
  });
  const folders = new Set(
    names.filter((name) => /(^|\/)(events\.jsonl|verdict\.json)$/.test(name)).map(dirname),
  );
  if (folders.size === 0) {
    throw runUnreadable(dir, new Error(`there is no ${HISTORY_FILE} and no ${VERDICT_FILE} in it`));
  }
  return [...folders].sort().map((folder) => join(dir, folder));
}

/**
 * One past run: judged again from its history where there is one, and compared with what it says of itself.
 * @throws OrdealError RUN_UNREADABLE (exit 4) for what is there and cannot be read.
 */
export async function readRun(dir: string, suitesOf: SuitesOf): Promise<GateRun> {
  try {
    return existsSync(join(dir, HISTORY_FILE)) ? await judgeAgain(dir, suitesOf) : await believe(dir);
  } catch (error) {
    // A file of the run that cannot be read, or holds what it cannot: whatever else throws is a defect.
    if (error instanceof OrdealError || isSystemError(error)) throw runUnreadable(dir, error);
    throw error;
  }
}

async function judgeAgain(dir: string, suitesOf: SuitesOf): Promise<GateRun> {
  const run = await pastRun(dir, suitesOf);
  const { judge, plan } = run;
  const verdict = judge();
  return {
    dir,
    verdict,
    rejudged: true,
    contradictions: await contradictionsIn(dir, run, verdict),
    unattested: [],
    ownSchedule: plan.suites.some(({ faults }) => faults !== undefined),
    ownThresholds: ownThresholds(plan, judge),
  };
}

/** What a run's files say otherwise than its history does, which was judged again. */
export async function contradictionsIn(
  dir: string,
  { history, plan }: Pick<PastRun<JudgedSuite>, 'history' | 'plan'>,
  verdict: Verdict,
): Promise<string[]> {
  const written = existsSync(join(dir, VERDICT_FILE)) ? await readVerdict(dir) : undefined;
  return [
    ...plannedOtherwise(plan, history),
    ...(written === undefined ? [] : writtenOtherwise(written, verdict)),
  ];
}

/** A verdict without its history; whether that is enough is the policy's to say. */
async function believe(dir: string): Promise<GateRun> {
  const verdict = Verdict.safeParse(await readVerdict(dir));
  if (verdict.success)
    return {
      ...{ dir, verdict: verdict.data, rejudged: false, contradictions: [], unattested: [] },
      ...{ ownSchedule: false, ownThresholds: {} },
    };
  throw runUnreadable(dir, new Error(`${VERDICT_FILE} is no verdict: ${z.prettifyError(verdict.error)}`));
}

async function readVerdict(dir: string): Promise<unknown> {
  const text = await readFile(join(dir, VERDICT_FILE), 'utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw runUnreadable(dir, new Error(`${VERDICT_FILE} is no JSON: ${messageOf(error)}`));
  }
}

/** Of the requirements to which the plan gave a threshold: the one that their suite has for them. */
function ownThresholds(plan: Plan, judgeUnder: (plan: Plan) => Verdict): Record<string, number> {
  const changed = Object.entries(plan.requirements).filter(([, { threshold }]) => threshold !== undefined);
  if (changed.length === 0) return {};
  const ids = new Set(changed.map(([id]) => id));
  const { requirements } = judgeUnder({ ...plan, requirements: {} });
  return Object.fromEntries(
    requirements.filter(({ id }) => ids.has(id)).map(({ id, threshold }) => [id, threshold]),
  );
}

function isRun(dir: string): boolean {
  return existsSync(join(dir, HISTORY_FILE)) || existsSync(join(dir, VERDICT_FILE));
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
