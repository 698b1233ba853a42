import { EXIT, type ExitCode } from '../errors/error.ts';
import type { Outcome, Verdict } from './verdict.ts';

/** A run whose outcome is known beforehand: the incident must fail, the hardened profile must pass. */
export interface Control {
  verdict: Verdict;
  expected: Outcome;
  /** Requirements that a refusal has to be for: one for anything else did not see the incident. None: for any. */
  refusedFor: readonly string[];
}

const byOutcome: Record<Outcome, ExitCode> = {
  pass: EXIT.certified,
  fail: EXIT.refused,
  inconclusive: EXIT.inconclusive,
};

/** Only a pass opens a gate. */
export function exitCodeOf(outcome: Outcome): ExitCode {
  return byOutcome[outcome];
}

/** Those of `refusedFor` that an incident was not refused for. */
export function missedBy({ expected, refusedFor, verdict }: Control): string[] {
  if (expected !== 'fail' || verdict.verdict !== 'fail') return [];
  const failed = new Set(
    verdict.requirements.filter((each) => !each.skipped && each.verdict === 'fail').map(({ id }) => id),
  );
  return refusedFor.filter((id) => !failed.has(id));
}

/** Whether a control came out as it had to, and for the reason that it had to. */
export function asExpected(control: Control): boolean {
  const { expected, verdict } = control;
  return expected === verdict.verdict && missedBy(control).length === 0 && !changedCluster(verdict);
}

/** Whether a run has left a cluster that is someone's other than it was: no control, gate or comparison may be worth that. */
export function changedCluster({ left }: Verdict): boolean {
  return left !== undefined && left.ours.length > 0;
}

/**
 * 0 when every control came out as expected; 1 when one that should have passed failed, or left the cluster changed. Anything else shows that this
 * run could not tell good from bad (an incident that was not refused, or not for what it is, an inconclusive one, no
 * control at all): 2.
 */
export function exitCodeOfControls(controls: readonly Control[]): ExitCode {
  const refuses = ({ expected, verdict }: Control) =>
    changedCluster(verdict) || (expected === 'pass' && verdict.verdict === 'fail');
  if (controls.some(refuses)) return EXIT.refused;
  return controls.every(asExpected) && controls.length > 0 ? EXIT.certified : EXIT.inconclusive;
}
