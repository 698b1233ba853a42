import type { ClusterLeft, FaultVerdict, Outcome, RequirementVerdict } from '../harness/verdict/verdict.ts';

/** What a verdict means to the person at the gate. */
export const outcomeWord: Record<Outcome, string> = {
  pass: 'CERTIFIED',
  fail: 'REFUSED',
  inconclusive: 'INCONCLUSIVE',
};

/** A number with its unit, to five significant digits; a dash where there is none. */
export function figure(value: number | null, unit: string): string {
  if (value === null) return '–';
  const digits = Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(5)));
  return `${digits} ${unit}`.trimEnd();
}

/** `≤ 500 ms`. */
export function threshold({ comparison, threshold, unit }: RequirementVerdict): string {
  return `${comparison === '<=' ? '≤' : '≥'} ${figure(threshold, unit)}`;
}

/** `0.96 % (95 %)`: the bound on the bad side, and its one-sided confidence. */
export function bound({ upperBound, confidence, unit }: RequirementVerdict): string {
  if (upperBound === null) return '–';
  const at = confidence === null ? '' : ` (${figure(confidence * 100, '%')})`;
  return `${figure(upperBound, unit)}${at}`;
}

/** The verdict as a column shows it. */
export function verdictWord({ verdict, skipped }: RequirementVerdict): string {
  return skipped ? 'left out' : verdict;
}

/** What became of a fault, in one line. */
export function faultStory(fault: FaultVerdict): string {
  const { injectMs, biteMs, heldMs, healMs } = fault.durations;
  if (!fault.injected) return `not injected: ${fault.biteEvidence}`;
  const bite = fault.bit ? `bit${after(biteMs)}` : 'did NOT bite';
  const heal = fault.healed ? `healed${after(healMs)}` : 'NOT healed';
  return (
    `injected${after(injectMs)}, ${bite} (${fault.biteEvidence})` +
    `${heldMs === null ? '' : `, held ${seconds(heldMs)}`}, ${heal} (${fault.healEvidence})`
  );
}

/** How someone’s cluster was left, without the differences themselves. */
export function leftStory({ compared, ours, others, unseen }: ClusterLeft): string {
  if (unseen !== undefined) return `left: not known (${unseen})`;
  const differences = ours.length + others.length;
  return differences > 0
    ? `left with ${differences} differences`
    : `left as it was found: ${compared} nodes compared, no object of the run’s there`;
}

/** `4.2 s` from milliseconds, `350 ms` below a second. */
function seconds(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${figure(Math.round(ms / 100) / 10, 's')}`;
}

function after(ms: number | null): string {
  return ms === null ? '' : ` in ${seconds(ms)}`;
}
