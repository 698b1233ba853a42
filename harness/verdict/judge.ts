import { messageOf } from '../errors/error.ts';
import { type EngineEvents, eventsOf, type History } from '../history/event.ts';
import type { Plan } from '../plan/schema.ts';
import type { Suite } from '../run/ports.ts';
import { absencesOf } from './absences.ts';
import { isUnhealed, judgeFaults } from './faults.ts';
import {
  type ClusterLeft,
  Evidence,
  type FaultVerdict,
  type Outcome,
  type Requirement,
  RequirementVerdict,
  type Verdict,
} from './verdict.ts';

export type JudgedSuite = Pick<Suite, 'name' | 'requirements' | 'scheduledFaults'>;

export interface Case {
  history: History;
  /** The suites that the plan names. */
  suites: readonly JudgedSuite[];
  /** As resolved for the run. */
  plan: Plan;
  /** The history's last line was torn. */
  truncated: boolean;
}

/**
 * Judges a recorded run. Pure: the same history gives the same verdict, during the run or years later.
 *
 * A run that was cut short, or whose cluster was not heard of for a while without a fault that accounts for it, is inconclusive
 * whatever was measured, for half a run can neither certify nor refuse. Of a whole run, one failed requirement refuses; without
 * one, anything that leaves doubt is inconclusive: nothing judged, a requirement inconclusive, a fault without a bite, lapsed, not
 * seen healed or without its target, no fault at all, no steady state.
 */
export function judge({ history, suites, plan, truncated }: Case): Verdict {
  const started = eventsOf<EngineEvents['run.started']>(history, 'run.started')[0]?.body;
  const cluster = eventsOf<EngineEvents['cluster.up']>(history, 'cluster.up').at(-1)?.body;
  const found = eventsOf<EngineEvents['nodes.found']>(history, 'nodes.found').at(-1)?.body;
  const evidence = (cluster?.evidence ?? 'modelled') as Evidence;
  const requirements = suites
    .flatMap((suite) => suite.requirements(plan))
    .map((requirement) =>
      judgeRequirement(requirement, history, evidence, plan.requirements[requirement.id]?.skip),
    );
  const scheduled = suites.flatMap((suite) => suite.scheduledFaults(plan));
  const faults = judgeFaults(history, scheduled);
  const counted = requirements.filter((requirement) => !requirement.skipped);

  const cutShort = whyCutShort(history, truncated);
  const left = eventsOf<ClusterLeft>(history, 'cluster.left').at(-1)?.body;
  const refusals = [
    ...counted.filter(({ verdict }) => verdict === 'fail').map(refusalOf),
    ...(left?.ours ?? []).map((difference) => `the cluster was not left as it was found: ${difference}`),
  ];
  const doubts = [
    ...leftDoubts(left, cluster),
    ...unjudged(plan, suites, counted),
    ...faultDoubts(faults, scheduled),
    ...eventsOf<EngineEvents['steady.missed']>(history, 'steady.missed').map(
      ({ body }) => `the steady state of suite ${body.suite} was not reached: ${body.reason}`,
    ),
    ...unsteady(history, suites, plan),
    ...counted
      .filter(({ verdict }) => verdict === 'inconclusive')
      .map(({ id, title, reason }) => `${id} (${title}) is inconclusive: ${reason}`),
  ];
  const reasons = [...cutShort, ...refusals, ...doubts];
  const verdict = overall(cutShort.length, refusals.length, doubts.length);
  return {
    schemaVersion: 1,
    runId: started?.runId ?? 'unknown',
    verdict,
    summary: summarise(verdict, reasons, requirements, faults, plan, cluster),
    profile: plan.profile,
    level: plan.level,
    seed: plan.seed,
    startedAt: isoTime(history[0]?.wall),
    endedAt: isoTime(history.at(-1)?.wall),
    cluster: {
      name: cluster?.name ?? plan.cluster.name ?? 'none',
      provider: cluster?.provider ?? plan.cluster.provider,
      versions: cluster?.versions ?? {},
      evidence,
      ...(found?.nodes && { nodes: found.nodes }),
    },
    requirements,
    faults,
    ...(left && { left }),
    reasons,
    replay: started?.replay ?? '',
  };
}

/** Why a run is refused for a requirement that failed, as its verdict's reasons have it. */
export function refusalOf({ id, title, reason }: RequirementVerdict): string {
  return `${id} (${title}) failed: ${reason}`;
}

function overall(cutShort: number, refusals: number, doubts: number): Outcome {
  if (cutShort > 0) return 'inconclusive';
  if (refusals > 0) return 'fail';
  return doubts > 0 ? 'inconclusive' : 'pass';
}

function judgeRequirement(
  requirement: Requirement,
  history: History,
  ofCluster: Evidence,
  skip: string | undefined,
): RequirementVerdict {
  const { id, title } = requirement;
  let checked = check(requirement, history);
  let evidence = ofCluster;
  try {
    const told = requirement.evidence?.(history);
    const known = Evidence.safeParse(told ?? ofCluster);
    // What nobody knows is none the more real for the cluster that it was seen on.
    if (known.success) evidence = known.data;
    else checked = unmeasured(`how real what it rests on was is not known: ${told ?? ofCluster}`);
  } catch (error) {
    checked = unmeasured(`what its evidence rests on cannot be read: ${messageOf(error)}`);
  }
  const verdict: RequirementVerdict = { id, title, ...checked, evidence };
  if (skip === undefined) return verdict;
  return { ...verdict, verdict: 'inconclusive', reason: `left out by the plan: ${skip}`, skipped: true };
}

const Checked = RequirementVerdict.omit({ id: true, title: true, evidence: true, skipped: true });
type Checked = ReturnType<Requirement['check']>;

/** What the checker says, where it says something that can be so; a broken checker never passes anything. */
function check(requirement: Requirement, history: History): Checked {
  try {
    const checked = Checked.safeParse(requirement.check(history));
    if (!checked.success) return unmeasured(`its checker gave no verdict: ${checked.error.message}`);
    const doubt = checked.data.verdict === 'pass' ? contradiction(checked.data) : undefined;
    return doubt ? { ...checked.data, verdict: 'inconclusive', reason: doubt } : checked.data;
  } catch (error) {
    const name = error instanceof Error ? error.name : typeof error;
    return unmeasured(`its checker threw ${name}: ${messageOf(error)}`);
  }
}

/** Why figures cannot carry a pass, if they cannot. */
export function contradiction(checked: Omit<Checked, 'verdict' | 'reason'>): string | undefined {
  const { comparison, measured, samples, threshold } = checked;
  if (samples === 0 || measured === null) return 'nothing was measured';
  const met = comparison === '<=' ? measured <= threshold : measured >= threshold;
  return met ? undefined : `its checker passed ${measured}, which is not ${comparison} ${threshold}`;
}

function unmeasured(reason: string): Checked {
  return {
    verdict: 'inconclusive',
    measured: null,
    threshold: 0,
    comparison: '<=',
    unit: '',
    samples: 0,
    confidence: null,
    upperBound: null,
    reason,
  };
}

function whyCutShort(history: History, truncated: boolean): string[] {
  const reasons: string[] = [];
  const ended = eventsOf<EngineEvents['run.ended']>(history, 'run.ended').at(-1)?.body;
  const because = ended?.error ? `: ${ended.error}` : '';
  if (!ended) reasons.push('the run has no end: its harness was killed before it could record one');
  else if (ended.outcome === 'interrupted') reasons.push(`the run was interrupted${because}`);
  else if (ended.outcome === 'deadline') reasons.push(`the run passed its deadline${because}`);
  else if (ended.outcome === 'failed') reasons.push(`the run failed${because}`);
  for (const { fault, ms, reason } of absencesOf(history)) {
    if (fault !== undefined) continue;
    const why = reason === undefined ? '' : ` (${reason})`;
    reasons.push(
      `the API server did not answer for ${(ms / 1_000).toFixed(1)} s${why}: what happened meanwhile was not seen, or not in time`,
    );
  }
  if (truncated) reasons.push('the last line of the history is torn');
  const starts = eventsOf(history, 'run.started').length;
  if (starts === 0) reasons.push('the history has no start');
  else if (starts > 1) reasons.push(`the history is of ${starts} runs`);
  else if (history[0]?.type !== 'run.started') reasons.push('the history begins before its run');
  if (ended && history.at(-1)?.type !== 'run.ended') reasons.push('the history goes on after its run');
  if (!history.some((event) => event.type === 'cluster.up')) reasons.push('no cluster came up');
  return reasons;
}

/** A cluster that is someone's, and of which it is not known that it is as it was. */
function leftDoubts(
  left: ClusterLeft | undefined,
  cluster: EngineEvents['cluster.up'] | undefined,
): string[] {
  if (cluster?.provider !== 'existing') return [];
  const unseen = left ? left.unseen : 'the run recorded no comparison';
  return [
    ...(unseen === undefined ? [] : [`how the cluster was left is not known: ${unseen}`]),
    ...(left?.others ?? []).map((difference) => `while the run went on the cluster changed: ${difference}`),
  ];
}

/** What a suite measured is told apart from what was broken before only where its steady state was seen. */
function unsteady(history: History, suites: readonly JudgedSuite[], plan: Plan): string[] {
  const reached = eventsOf<EngineEvents['steady.reached']>(history, 'steady.reached');
  const missed = eventsOf<EngineEvents['steady.missed']>(history, 'steady.missed');
  const injecting = eventsOf<EngineEvents['fault.injecting']>(history, 'fault.injecting');
  return suites.flatMap((suite) => {
    const { name } = suite;
    const told = [...reached, ...missed].find(({ body }) => body.suite === name);
    if (!told) return [`nobody saw whether suite ${name} reached its steady state`];
    const scheduled = suite.scheduledFaults(plan);
    const early = injecting.find(({ body, seq }) => scheduled.includes(body.fault) && seq < told.seq);
    return early ? [`fault ${early.body.fault} came before the steady state of suite ${name} was seen`] : [];
  });
}

function unjudged(plan: Plan, suites: readonly JudgedSuite[], counted: RequirementVerdict[]): string[] {
  const missing = plan.suites.filter(({ name }) => !suites.some((suite) => suite.name === name));
  return [
    ...missing.map(({ name }) => `suite ${name} is in the plan and was not judged`),
    ...(counted.length === 0 ? ['no requirement was judged'] : []),
  ];
}

function faultDoubts(faults: FaultVerdict[], scheduled: readonly string[]): string[] {
  const unhealed = faults.filter(isUnhealed);
  const toothless = faults.filter((fault) => scheduled.includes(fault.id) && !fault.bit);
  return [
    ...unhealed.map((fault) => `fault ${fault.id} on ${fault.target} was not healed: ${fault.healEvidence}`),
    ...faults.flatMap(({ healEvidence, id, target, vanished }) =>
      vanished ? [`${target} vanished under fault ${id}: ${healEvidence}`] : [],
    ),
    ...faults.flatMap(({ id, lapsed, target }) =>
      lapsed === undefined ? [] : [`fault ${id} on ${target} was not there all the time: ${lapsed}`],
    ),
    ...(scheduled.length === 0
      ? ['no fault was scheduled, and a run that broke nothing certifies nothing']
      : []),
    ...toothless.map((fault) => `fault ${fault.id} did not bite: ${fault.biteEvidence}`),
  ];
}

function summarise(
  verdict: Outcome,
  reasons: string[],
  requirements: RequirementVerdict[],
  faults: FaultVerdict[],
  plan: Plan,
  cluster: EngineEvents['cluster.up'] | undefined,
): string {
  const more = reasons.length > 1 ? ` (and ${reasons.length - 1} more)` : '';
  if (verdict === 'fail') return `Refused: ${reasons[0]}${more}`;
  if (verdict === 'inconclusive') return `Inconclusive: ${reasons[0]}${more}`;
  const skipped = requirements.filter((requirement) => requirement.skipped).length;
  const left = skipped > 0 ? `, ${skipped} left out by the plan` : '';
  const own = requirements.filter(
    ({ id, skipped }) => !skipped && plan.requirements[id]?.threshold !== undefined,
  ).length;
  const lax = own > 0 ? `, ${own} by a threshold of the plan’s` : '';
  return (
    `Certified: profile ${plan.profile} on ${cluster?.provider} (${cluster?.evidence}) met ` +
    `${counted(requirements.length - skipped, 'requirement')}${left}${lax}, under ${counted(faults.length, 'fault')} ` +
    'that bit and healed'
  );
}

function counted(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

function isoTime(wall: number | undefined): string {
  return new Date(wall ?? 0).toISOString();
}
