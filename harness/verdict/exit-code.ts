import { EXIT, type ExitCode } from '../errors/error.ts';
import type { Outcome, Verdict } from './verdict.ts';

/** A run whose outcome is known beforehand: the incident must fail, the hardened profile must pass. */
export interface Control {
  verdict: Verdict;
  expected: Outcome;
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

/**
 * 0 when every control came out as expected; 1 when one that should have passed failed. Anything else shows that this
 * run could not tell good from bad (an incident that was not refused, an inconclusive one, no control at all): 2.
 */
export function exitCodeOfControls(controls: readonly Control[]): ExitCode {
  if (controls.some(({ expected, verdict }) => expected === 'pass' && verdict.verdict === 'fail')) {
    return EXIT.refused;
  }
  const asExpected = controls.every(({ expected, verdict }) => expected === verdict.verdict);
  return asExpected && controls.length > 0 ? EXIT.certified : EXIT.inconclusive;
}
