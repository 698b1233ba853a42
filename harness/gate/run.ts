import type { Verdict } from '../verdict/verdict.ts';

/** A past run, as a gate sees it. */
export interface GateRun {
  /** Its folder, as it was given. */
  dir: string;
  /** Judged again from the history where there is one, else as it lies in verdict.json. */
  verdict: Verdict;
  rejudged: boolean;
  /** Why it is not to be believed: what it says of itself contradicts its history. Empty where nothing does. */
  contradictions: readonly string[];
  /** Why it is not the run that was signed, where the policy asks for an attestation. Empty where it is, or none is asked. */
  unattested: readonly string[];
  /** The run's plan schedules faults of its own, in place of the suites'. */
  ownSchedule: boolean;
  /** Thresholds of the suites themselves, by requirement, where the run's plan has set another. */
  ownThresholds: Readonly<Record<string, number>>;
}
