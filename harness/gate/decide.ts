import { age, counted } from '../errors/words.ts';
import { changedCluster } from '../verdict/exit-code.ts';
import type {
  Answer,
  Asked,
  Decision,
  Gap,
  RequirementDecision,
  RunDecision,
  WaiverDecision,
} from './decision.ts';
import { laneText, unseenOf } from './lane.ts';
import type { Lane, Policy, Waiver } from './policy.ts';
import { fails, judgedIn, shortcomings } from './proof.ts';
import type { GateRun } from './run.ts';

/** More than any run lacks that judged a requirement. */
const FAR = 1_000_000;

export interface Case {
  runs: readonly GateRun[];
  policy: Policy;
  /** Milliseconds since the epoch. */
  now: number;
}

/**
 * Whether past runs open a gate. Pure.
 *
 * Any requirement that a counted run failed refuses, asked for or not, however old or weak that run is, unless a waiver
 * in force covers it: no run that passes makes up for one that fails. So does a run that contradicts its own history, and a
 * counted one that has left someone's cluster other than it was.
 * Without a refusal, every requirement of the policy needs, for each of its lanes, one run that proves it.
 */
export function decide({ runs, policy, now }: Case): Decision {
  const stands = runs.map((run) => standingOf(run, policy));
  const believed = runs.filter((_, index) => stands[index]?.standing === 'counted');
  const asked = Object.keys(policy.requirements);
  const failed = believed.flatMap((run) =>
    run.verdict.requirements.map(({ id }) => id).filter((id) => fails(run, id)),
  );
  const requirements = [...new Set([...asked, ...failed])].map((id) =>
    decideRequirement(id, { runs: believed, policy, now }),
  );
  const disbelieved = stands.filter(({ standing }) => standing === 'disbelieved');
  const changing = stands.filter(
    (stand, index) => stand.standing === 'counted' && changedCluster((runs[index] as GateRun).verdict),
  );
  const decision = answerOf(requirements, disbelieved.length + changing.length);
  return {
    schemaVersion: 1,
    decision,
    summary: summarise(decision, requirements, { disbelieved, changing }),
    decidedAt: new Date(now).toISOString(),
    requirements,
    runs: stands,
    waivers: policy.waivers.map((waiver) => waiverStatus(waiver, { runs: believed, policy, now })),
  };
}

function answerOf(requirements: readonly RequirementDecision[], refusedRuns: number): Answer {
  const some = (status: RequirementDecision['status']) => requirements.some((each) => each.status === status);
  if (refusedRuns > 0 || some('refused')) return 'refused';
  return some('not-proven') ? 'not-proven' : 'open';
}

function standingOf(run: GateRun, policy: Policy): RunDecision {
  const { dir, rejudged, contradictions, unattested, verdict } = run;
  const { runId, profile, level, cluster, endedAt } = verdict;
  const { provider, versions } = cluster;
  const seen = {
    dir,
    runId,
    verdict: verdict.verdict,
    profile,
    level,
    provider,
    versions,
    endedAt,
    rejudged,
  };
  // Before its profile is looked at, which it may be lying about.
  if (contradictions.length > 0) {
    const todo = 'give the folder as the run left it, or leave it out and run again';
    return { ...seen, standing: 'disbelieved', reasons: [...contradictions, ...unattested], todo };
  }
  if (unattested.length > 0) {
    const todo =
      'give the folder as it was signed by the key of the policy, or have it signed: ordeal attest';
    return { ...seen, standing: 'disbelieved', reasons: [...unattested], todo };
  }
  if (policy.profiles.includes(profile)) {
    const todo = changedCluster(verdict)
      ? 'put right what the run has left behind (ordeal clean), and give one made since'
      : null;
    return { ...seen, standing: 'counted', reasons: verdict.reasons, todo };
  }
  const only = `the policy counts profile ${policy.profiles.join(' and ')}`;
  const reasons = [`its profile is ${profile}, and ${only}`];
  return { ...seen, standing: 'set-aside', reasons, todo: null };
}

function decideRequirement(id: string, { runs, policy, now }: Case): RequirementDecision {
  const asked = askedOf(id, policy);
  const waiver = policy.waivers.find(({ requirement }) => requirement === id);
  const failing = runs.filter((run) => fails(run, id));
  const failedBy = failing.map(({ dir }) => dir);
  const nothing = { id, asked, provenBy: [], failedBy, gaps: [] };
  if (failing.length > 0 && !inForce(waiver, now)) {
    return {
      ...nothing,
      status: 'refused',
      reason: whyRefused(id, failing, waiver),
      todo: toMend(id, waiver),
    };
  }
  const waived = failing.length > 0;
  const covered = waived ? `waived until ${dayOf(waiver)} by ${waiver?.owner}: ${waiver?.reason}; ` : '';
  const failure = waived ? `it failed in ${failedBy.join(', ')}: ${reasonIn(failing, id)}` : '';
  if (!asked) return { ...nothing, status: 'waived', reason: `${covered}${failure}`, todo: null };

  const lacks = new Map(runs.map((run) => [run, shortcomings(run, id, { asked, waived, policy, now })]));
  const proving = runs.filter((run) => lacks.get(run)?.length === 0);
  const lanes = asked.lanes.length > 0 ? asked.lanes : [null];
  const gaps = lanes
    .filter((lane) => !proving.some((run) => inLane(run, lane)))
    .map((lane) => gapIn(id, lane, lacks));
  if (gaps.length > 0) {
    const reason = `${covered}${gaps.map(gapText).join('; ')}`;
    return { ...nothing, status: 'not-proven', reason, todo: toProve(id, asked, gaps), gaps };
  }
  const provenBy = proving.map(({ dir }) => dir);
  if (waived) return { ...nothing, status: 'waived', reason: `${covered}${failure}`, todo: null, provenBy };
  const reason = `passed in ${counted(proving.length, 'run')} that ${proving.length === 1 ? 'counts' : 'count'}`;
  return { ...nothing, status: 'proven', reason, todo: null, provenBy };
}

function askedOf(id: string, policy: Policy): Asked | null {
  const own = policy.requirements[id];
  if (!own) return null;
  return {
    evidence: own.evidence ?? policy.evidence,
    level: own.level ?? policy.level,
    maxAgeMs: own.maxAge ?? policy.maxAge,
    lanes: own.lanes ?? policy.lanes ?? [],
    threshold: own.threshold ?? null,
  };
}

function inLane(run: GateRun, lane: Lane | null): boolean {
  return lane === null || unseenOf(lane, run.verdict.cluster).length === 0;
}

/**
 * A run that judged the requirement and lacks the least is the one to tell of; what it lacks of the lane counts with the
 * rest.
 */
function gapIn(id: string, lane: Lane | null, lacks: ReadonlyMap<GateRun, readonly string[]>): Gap {
  const gaps = [...lacks].map(([run, shortcomings]) => {
    const unseen = lane ? unseenOf(lane, run.verdict.cluster) : [];
    const all = [...unseen.map((each) => `it did not see ${each}`), ...shortcomings];
    const distance = all.length + (judgedIn(run, id) ? 0 : FAR);
    return { distance, gap: { lane, closest: run.dir, lacks: all } };
  });
  const [closest] = gaps.sort((a, b) => a.distance - b.distance);
  return closest?.gap ?? { lane, closest: null, lacks: ['no run was given that counts'] };
}

function gapText({ lane, closest, lacks }: Gap): string {
  const where = lane ? `no run proves it in the lane ${laneText(lane)}` : 'no run proves it';
  return `${where}${closest === null ? '' : `; closest is ${closest}`}: ${lacks.join('; ')}`;
}

function whyRefused(id: string, failing: readonly GateRun[], waiver: Waiver | undefined): string {
  const lapsed = waiver ? `the waiver by ${waiver.owner} expired with ${dayOf(waiver)}; ` : '';
  return `${lapsed}failed in ${failing.map(({ dir }) => dir).join(', ')}: ${reasonIn(failing, id)}`;
}

/** What the first of them says. */
function reasonIn([run]: readonly GateRun[], id: string): string {
  return (run && judgedIn(run, id)?.reason) ?? '';
}

function toMend(id: string, waiver: Waiver | undefined): string {
  const waive = waiver
    ? `have ${waiver.owner} renew the waiver of ${id}`
    : `add a waiver of ${id} with owner, reason and expiry`;
  return `mend what failed and give runs made since in place of those that failed, or ${waive}`;
}

function toProve(id: string, asked: Asked, gaps: readonly Gap[]): string {
  const lanes = gaps.flatMap(({ lane }) => (lane ? [laneText(lane)] : []));
  const where = lanes.length > 0 ? `, in ${lanes.join(' and in ')}` : '';
  const bar = asked.threshold === null ? '' : `, judged at ${asked.threshold} or stricter`;
  return (
    `give a run that passes ${id} at level ${asked.level} or above, on evidence ${asked.evidence} or better${bar}, ` +
    `no more than ${age(asked.maxAgeMs)} old${where}`
  );
}

function inForce(waiver: Waiver | undefined, now: number): boolean {
  return waiver !== undefined && now <= waiver.expires;
}

function waiverStatus(waiver: Waiver, { runs, now }: Case): WaiverDecision {
  const { requirement, owner, reason, expires } = waiver;
  const told = { requirement, owner, reason, expires: new Date(expires).toISOString() };
  const failed = runs.some((run) => fails(run, requirement));
  if (!inForce(waiver, now)) {
    const effect = failed ? `${requirement} failed, and is refused` : 'nothing failed that it would cover';
    return { ...told, status: 'expired', note: `expired with ${dayOf(waiver)}; ${effect}` };
  }
  if (failed) return { ...told, status: 'covers', note: `covers a fail until ${dayOf(waiver)}` };
  const passed = runs.some((run) => judgedIn(run, requirement)?.verdict === 'pass');
  const why = passed ? `${requirement} passed` : `no run that counts failed ${requirement}`;
  return { ...told, status: 'idle', note: `${why}: take the waiver out` };
}

function dayOf(waiver: Waiver | undefined): string {
  return waiver ? new Date(waiver.expires).toISOString().slice(0, 10) : '';
}

function summarise(
  decision: Answer,
  requirements: readonly RequirementDecision[],
  { changing, disbelieved }: Record<'changing' | 'disbelieved', readonly RunDecision[]>,
): string {
  const named = (status: RequirementDecision['status']) =>
    requirements.filter((each) => each.status === status).map(({ id }) => id);
  const [refused, missing, waived] = [named('refused'), named('not-proven'), named('waived')];
  const parts = [
    ...(disbelieved.length > 0
      ? [`not to be believed: ${disbelieved.map(({ dir }) => dir).join(', ')}`]
      : []),
    ...(changing.length > 0
      ? [`left a cluster other than it was: ${changing.map(({ dir }) => dir).join(', ')}`]
      : []),
    ...(refused.length > 0 ? [`failed: ${refused.join(', ')}`] : []),
    ...(missing.length > 0 ? [`not proven: ${missing.join(', ')}`] : []),
    ...(waived.length > 0 ? [`waived: ${waived.join(', ')}`] : []),
  ];
  const word = { open: 'Open', refused: 'Shut by a refusal', 'not-proven': 'Shut, not proven' }[decision];
  const proven = `${counted(named('proven').length, 'requirement')} proven`;
  return [`${word}: ${proven}`, ...parts].join('; ');
}
