import type { History } from '../../harness/history/event.ts';
import type { Plan } from '../../harness/plan/schema.ts';
import type { Requirement } from '../../harness/verdict/verdict.ts';
import type { Judged, Target } from '../judged.ts';
import { checkBindLatency } from './checkers/bind-latency.ts';
import { checkCaps } from './checkers/caps.ts';
import { checkCheckpoints } from './checkers/checkpoints.ts';
import { checkDoubleUse } from './checkers/double-use.ts';
import { checkFalseAllocation } from './checkers/false-allocation.ts';
import { checkRestartRecovery } from './checkers/restart-recovery.ts';
import { checkStartSuccess } from './checkers/start-success.ts';
import { checkStarvation } from './checkers/starvation.ts';
import { CAP_SHARE, type GpuSettings, settingsOf } from './settings.ts';
import { looksIn } from './workload/probe.ts';

interface Definition {
  id: string;
  title: string;
  threshold(settings: GpuSettings): number;
  /** Left out: it always is. */
  asked?(settings: GpuSettings): boolean;
  check(history: History, target: Target, settings: GpuSettings): Judged;
}

/** The thresholds are the incident's: what its remedies reached, and what its users asked for. */
const DEFINITIONS: readonly Definition[] = [
  {
    id: 'GPU-1',
    title: 'zero false allocation',
    threshold: () => 0,
    check: (history, target, settings) => checkFalseAllocation(history, target, looksOf(settings)),
  },
  {
    id: 'GPU-2',
    title: 'no device in two live containers',
    threshold: () => 0,
    check: (history, target, settings) => checkDoubleUse(history, target, looksOf(settings)),
  },
  { id: 'GPU-3', title: 'starts that succeed', threshold: () => 99.5, check: checkStartSuccess },
  { id: 'GPU-4', title: 'bind latency p99 under burst', threshold: () => 500, check: checkBindLatency },
  {
    id: 'GPU-5',
    title: 'no starvation, all GPUs allocatable afterwards',
    threshold: () => 0,
    check: (history, target, { startDeadline }) => checkStarvation(history, target, startDeadline),
  },
  { id: 'GPU-6', title: 'recovery after a plugin restart', threshold: () => 30, check: checkRestartRecovery },
  {
    id: 'GPU-7',
    title: 'Jobs on a node and GPU quota within their caps',
    threshold: ({ gpusPerNode }) => Math.max(1, Math.floor(CAP_SHARE * gpusPerNode)),
    check: checkCaps,
  },
  {
    id: 'GPU-8',
    title: 'acknowledged checkpoints outlive a fault, and training goes on from them',
    threshold: () => 0,
    asked: ({ checkpoints }) => checkpoints !== false,
    check: (history, target, { checkpoints }) =>
      checkCheckpoints(history, target, checkpoints === false ? 1 : checkpoints.every),
  },
];

const looksOf = ({ hold, probeInterval }: GpuSettings) => looksIn(hold, probeInterval);

/** A requirement's threshold, in its own unit: the plan's, or the suite's. */
export function thresholdOf(plan: Plan, id: string): number {
  const definition = DEFINITIONS.find((each) => each.id === id);
  if (!definition) throw new RangeError(`there is no requirement ${id}`);
  return plan.requirements[id]?.threshold ?? definition.threshold(settingsOf(plan).settings);
}

export function requirements(plan: Plan): Requirement[] {
  const { settings } = settingsOf(plan);
  const asked = DEFINITIONS.filter((definition) => definition.asked?.(settings) ?? true);
  return asked.map(({ id, title, check }) => {
    const target = { level: plan.level, threshold: thresholdOf(plan, id) };
    return { id, title, check: (history) => check(history, target, settings) };
  });
}
