/** Files of a run, by their names below its folder. */
export const HISTORY_FILE = 'events.jsonl';
/** As it was resolved for the run. */
export const PLAN_FILE = 'plan.yaml';
export const VERDICT_FILE = 'verdict.json';
