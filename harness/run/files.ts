import { EXIT, messageOf, OrdealError } from '../errors/error.ts';

/** Files of a run, by their names below its folder. */
export const HISTORY_FILE = 'events.jsonl';
/** As it was resolved for the run. */
export const PLAN_FILE = 'plan.yaml';
export const VERDICT_FILE = 'verdict.json';
/** Of two sides, below a command's own folder. */
export const COMPARISON_FILE = 'comparison.json';

/** What a past run's folder that cannot be taken for one is said to be. */
export function runUnreadable(dir: string, cause: unknown): OrdealError {
  if (cause instanceof OrdealError && cause.code === 'RUN_UNREADABLE') return cause;
  return new OrdealError({
    code: 'RUN_UNREADABLE',
    exit: EXIT.unable,
    tried: `reading the run ${dir}`,
    seen: messageOf(cause),
    todo: 'give the output folder of a run, with all that the run left in it',
    cause,
  });
}
