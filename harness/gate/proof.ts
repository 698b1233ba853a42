import { age } from '../errors/words.ts';
import { isUnhealed } from '../verdict/faults.ts';
import { contradiction, refusalOf } from '../verdict/judge.ts';
import { Evidence, Level, type RequirementVerdict, type Verdict } from '../verdict/verdict.ts';
import type { Asked } from './decision.ts';
import type { Policy } from './policy.ts';
import type { GateRun } from './run.ts';

/** A run's clock may be ahead of the gate's by this, in milliseconds; what ended later than now is no proof. */
const CLOCK_SKEW = 5 * 60_000;

/** The requirement as a run judged it; undefined where it did not, or was told to leave it out. */
export function judgedIn({ verdict }: GateRun, id: string): RequirementVerdict | undefined {
  return verdict.requirements.find((requirement) => requirement.id === id && !requirement.skipped);
}

/** Whether a run refuses a requirement. One that was cut short, or saw nothing of it, refuses nothing. */
export function fails(run: GateRun, id: string): boolean {
  const { verdict, requirements } = run.verdict;
  if (verdict === 'inconclusive') return false;
  return requirements.some((each) => each.id === id && !each.skipped && each.verdict === 'fail');
}

/**
 * What keeps a counted run from proving a requirement, most telling first; empty where nothing does.
 * @param waived the requirement may have failed
 * @param now milliseconds since the epoch
 */
export function shortcomings(
  run: GateRun,
  id: string,
  { asked, waived, policy, now }: { asked: Asked; waived: boolean; policy: Policy; now: number },
): string[] {
  const requirement = judgedIn(run, id);
  if (!requirement) return [absence(run, id)];
  return [
    ...unmet(requirement, waived),
    ...doubtsOf(run.verdict),
    ...(run.rejudged || policy.history === 'optional'
      ? []
      : ['it has no history (events.jsonl), so its verdict cannot be judged again']),
    ...(rank(Evidence, requirement.evidence) < rank(Evidence, asked.evidence)
      ? [`its evidence is ${requirement.evidence}, and ${asked.evidence} is asked for`]
      : []),
    ...(rank(Level, run.verdict.level) < rank(Level, asked.level)
      ? [`its level is ${run.verdict.level}, and ${asked.level} is asked for`]
      : []),
    ...staleness(run.verdict.endedAt, asked.maxAgeMs, now),
    ...laxity(requirement, asked.threshold ?? run.ownThresholds[id]),
    ...thinness(run, policy.faults),
  ];
}

/** A run that broke less than it should have has shown less. */
function thinness({ ownSchedule, verdict }: GateRun, kinds: readonly string[] | undefined): string[] {
  if (kinds === undefined) {
    return ownSchedule
      ? ['its plan schedules faults of its own, and the policy does not say which are enough (faults)']
      : [];
  }
  const bitten = new Set(verdict.faults.filter(({ bit }) => bit).map(({ kind }) => kind));
  return kinds.filter((kind) => !bitten.has(kind)).map((kind) => `no fault ${kind} bit in it`);
}

/** What leaves doubt on a whole run, whichever of its requirements are to be believed. */
function doubtsOf(verdict: Verdict): string[] {
  const failed = verdict.requirements.filter((each) => !each.skipped && each.verdict === 'fail');
  const refusals = new Set(failed.map(refusalOf));
  const doubts = verdict.reasons.filter((reason) => !refusals.has(reason));
  if (doubts.length > 0) return doubts;
  // A verdict with its history has said all of this; of one without, nothing is taken for granted.
  if (!verdict.faults.some(({ bit }) => bit)) return ['no fault bit in it'];
  const unhealed = verdict.faults.find(isUnhealed);
  if (unhealed) return [`fault ${unhealed.id} was not healed`];
  return verdict.verdict === 'pass' || refusals.size > 0 ? [] : [verdict.summary];
}

function absence({ verdict }: GateRun, id: string): string {
  const skipped = verdict.requirements.find((requirement) => requirement.id === id);
  return skipped ? skipped.reason : 'it did not judge it';
}

function unmet(requirement: RequirementVerdict, waived: boolean): string[] {
  const { measured, reason, samples, verdict } = requirement;
  if (verdict === 'inconclusive') return [`it is inconclusive: ${reason}`];
  if (samples === 0 || measured === null) return ['nothing was measured'];
  if (verdict === 'fail') return waived ? [] : [`it failed: ${reason}`];
  // Of a verdict that is taken at its word, too.
  return [contradiction(requirement)].filter((each) => each !== undefined);
}

function staleness(endedAt: string, maxAgeMs: number, now: number): string[] {
  const old = now - Date.parse(endedAt);
  if (Number.isNaN(old)) return [`when it ended is not told: ${endedAt}`];
  if (old < -CLOCK_SKEW) return [`it ends in the future: ${endedAt}`];
  return old > maxAgeMs ? [`it ended at ${endedAt}, more than ${age(maxAgeMs)} ago`] : [];
}

/** A run that was asked for less than it should have been has shown less. */
function laxity({ threshold, comparison, unit }: RequirementVerdict, bar: number | undefined): string[] {
  if (bar === undefined) return [];
  const strict = comparison === '<=' ? threshold <= bar : threshold >= bar;
  const is = (figure: number) => `${comparison} ${figure} ${unit}`.trimEnd();
  return strict ? [] : [`its plan asked for ${is(threshold)}, and ${is(bar)} is what it takes`];
}

function rank<T extends string>(scale: { options: readonly T[] }, value: T): number {
  return scale.options.indexOf(value);
}
