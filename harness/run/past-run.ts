import { join } from 'node:path';
import type { History } from '../history/event.ts';
import { readHistory } from '../history/reader.ts';
import { loadPlan } from '../plan/load.ts';
import type { Plan } from '../plan/schema.ts';
import { type JudgedSuite, judge } from '../verdict/judge.ts';
import type { Verdict } from '../verdict/verdict.ts';
import { HISTORY_FILE, PLAN_FILE } from './files.ts';

export interface PastRun<S extends JudgedSuite> {
  plan: Plan;
  suites: readonly S[];
  history: History;
  /** Under this plan, or another. */
  judge(plan?: Plan): Verdict;
}

/**
 * A past run's plan and history, to be judged again.
 * @param suitesOf the suites that a plan names
 * @throws OrdealError PLAN_INVALID, PLAN_UNREADABLE, HISTORY_MISSING, HISTORY_INVALID (exit 3)
 */
export async function pastRun<S extends JudgedSuite>(
  dir: string,
  suitesOf: (plan: Plan) => Promise<readonly S[]>,
): Promise<PastRun<S>> {
  const plan = await loadPlan(join(dir, PLAN_FILE));
  const suites = await suitesOf(plan);
  const { events: history, truncated } = await readHistory(join(dir, HISTORY_FILE));
  return {
    plan,
    suites,
    history,
    judge: (under = plan) => judge({ history, suites, plan: under, truncated }),
  };
}
