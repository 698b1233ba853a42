import { type EngineEvents, eventsOf, type History } from '../../harness/history/event.ts';
import type { Plan } from '../../harness/plan/schema.ts';
import type { Evidence, Requirement } from '../../harness/verdict/verdict.ts';
import type { Judged, Target } from '../judged.ts';
import { checkBindLatency } from './checkers/bind-latency.ts';
import { checkCaps } from './checkers/caps.ts';
import { checkCheckpoints } from './checkers/checkpoints.ts';
import { checkDoubleUse } from './checkers/double-use.ts';
import { checkFalseAllocation } from './checkers/false-allocation.ts';
import { checkMonitoring, type MonitoringOptions } from './checkers/monitoring.ts';
import { checkRestartRecovery } from './checkers/restart-recovery.ts';
import { checkStartSuccess } from './checkers/start-success.ts';
import { checkStarvation } from './checkers/starvation.ts';
import { checkUpgradeSurvival } from './checkers/upgrade-survival.ts';
import { joinLedgers } from './ledgers.ts';
import { scheduleOf } from './schedule.ts';
import { CAP_SHARE, type GpuSettings, settingsOf } from './settings.ts';
import { looksIn } from './workload/probe.ts';

interface Definition {
  id: string;
  title: string;
  threshold(settings: GpuSettings): number;
  /** Left out: it always is. */
  asked?(settings: GpuSettings, plan: Plan): boolean;
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
  {
    id: 'GPU-9',
    title: 'an exporter’s “bound” is usable',
    // Ahead of the truth for as long as a binding may take by GPU-4, and no longer.
    threshold: () => 500,
    asked: ({ exporter }) => exporter !== false,
    check: (history, target, settings) => checkMonitoring(history, target, monitoringOf(settings)),
  },
  {
    id: 'GPU-10',
    title: 'under an upgrade only what is evicted ends',
    threshold: () => 0,
    asked: (_settings, plan) => scheduleOf(plan).upgrade !== undefined,
    check: checkUpgradeSurvival,
  },
];

const looksOf = ({ hold, probeInterval }: GpuSettings) => looksIn(hold, probeInterval);

/** How often the containers and their exporters were asked. */
export function monitoringOf(settings: GpuSettings): MonitoringOptions {
  return {
    scrapeIntervalMs: settings.exporter === false ? 0 : settings.exporter.interval,
    lookIntervalMs: settings.probeInterval,
    looks: looksOf(settings),
  };
}

/** A requirement's threshold, in its own unit: the plan's, or the suite's. */
export function thresholdOf(plan: Plan, id: string): number {
  const definition = DEFINITIONS.find((each) => each.id === id);
  if (!definition) throw new RangeError(`there is no requirement ${id}`);
  return plan.requirements[id]?.threshold ?? definition.threshold(settingsOf(plan).settings);
}

/**
 * `real-hardware` where a real kubelet gave a vendor's GPUs and the containers made real calls to them: no fake driver
 * answers those. Else the cluster's own.
 */
export function gpuEvidence(history: History): Evidence | undefined {
  const [up] = eventsOf<EngineEvents['cluster.up']>(history, 'cluster.up');
  if (up?.body.evidence !== 'real-kubernetes') return undefined;
  const starts = joinLedgers(history);
  const asked = starts.every(
    ({ probes, watched }) => watched && probes.every(({ worked }) => Array.isArray(worked)),
  );
  const worked = starts.some(({ probes }) => probes.some((probe) => (probe.worked ?? []).length > 0));
  return asked && worked ? 'real-hardware' : undefined;
}

export function requirements(plan: Plan): Requirement[] {
  const { settings } = settingsOf(plan);
  return DEFINITIONS.filter(({ asked }) => asked?.(settings, plan) ?? true).map(({ id, title, check }) => {
    const target = { level: plan.level, threshold: thresholdOf(plan, id) };
    return { id, title, evidence: gpuEvidence, check: (history) => check(history, target, settings) };
  });
}
