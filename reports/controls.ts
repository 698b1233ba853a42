import { type Control, missedBy } from '../harness/verdict/exit-code.ts';

/** What is said of controls that are all as expected. */
export const AS_EXPECTED = 'Every profile came out as it had to.';

/** Of a control that is not. */
export function otherwise(control: Control): string {
  const { expected, verdict } = control;
  const missed = missedBy(control);
  const changed = verdict.left?.ours ?? [];
  if (changed.length > 0) return `Profile ${verdict.profile} left the cluster changed: ${changed.join('; ')}`;
  return missed.length === 0
    ? `Profile ${verdict.profile} should have come out as ${expected}. ${verdict.summary}`
    : `Profile ${verdict.profile} was refused, but not for ${missed.join(' and ')}: the incident itself was not seen. ${verdict.summary}`;
}
