import { UPGRADE, UpgradeWith } from '../../faults/cluster/upgrade.ts';
import { BindDelayWith } from '../../faults/gpu/bind-delay.ts';
import { DeviceUnhealthyWith } from '../../faults/gpu/device-unhealthy.ts';
import { PluginRestartWith } from '../../faults/gpu/plugin-restart.ts';
import { mistakesOf } from '../../harness/plan/document.ts';
import { planInvalid } from '../../harness/plan/load.ts';
import type { FaultPlan, Plan } from '../../harness/plan/schema.ts';
import { upgradeIds, upgradeRefusal } from '../upgrade.ts';
import { SUITE } from './settings.ts';

/** What is broken on purpose, each once, in the suite's own order. Left out: not scheduled. */
export interface Schedule {
  bindDelay?: BindDelayWith;
  jobBurst?: Record<string, never>;
  pluginRestart?: PluginRestartWith;
  deviceUnhealthy?: DeviceUnhealthyWith;
  /** Of the pods that write checkpoints. */
  podKill?: Record<string, never>;
  /** Of every node, one after the other. */
  upgrade?: UpgradeWith;
}

/**
 * 0.3 of a start: three at once on one worker are bound in time, four are not. On the incident's nodes, whose
 * containers started about a second after Allocate, that is its 200–300 ms.
 */
const DEFAULT: readonly FaultPlan[] = [
  { kind: 'gpu/bind-delay', with: { startLatencies: 0.3 } },
  { kind: 'load/job-burst', with: {} },
  { kind: 'gpu/plugin-restart', with: {} },
  { kind: 'gpu/device-unhealthy', with: {} },
];
/** Where training with checkpoints is asked for. */
const POD_KILL: FaultPlan = { kind: 'load/pod-kill', with: {} };

/** Of a vendor's plugin nothing is interfered with. */
const AS_IS: readonly FaultPlan[] = [{ kind: 'load/job-burst', with: {} }];

export const FAULT_IDS: Record<Exclude<keyof Schedule, 'upgrade'>, string> = {
  bindDelay: 'bind-delay-1',
  jobBurst: 'job-burst-1',
  pluginRestart: 'plugin-restart-1',
  deviceUnhealthy: 'device-unhealthy-1',
  podKill: 'pod-kill-1',
};

/** @throws OrdealError PLAN_INVALID (exit 3) for a kind that this suite has not, one twice, or a wrong parameter. */
export function scheduleOf(plan: Plan): Schedule {
  const index = plan.suites.findIndex(({ name }) => name === SUITE);
  const asIs = plan.profile === 'as-is';
  const training = (plan.suites[index]?.settings.checkpoints ?? false) !== false;
  const usual = [...(asIs ? AS_IS : DEFAULT), ...(training ? [POD_KILL] : [])];
  const faults = plan.suites[index]?.faults ?? usual;
  const schedule: Schedule = {};
  const mistakes = faults.flatMap((fault, at) => {
    const path = ['suites', index, 'faults', at];
    const take = <Key extends keyof Schedule>(
      key: Key,
      parsed:
        | { success: true; data: Schedule[Key] }
        | { success: false; error: Parameters<typeof mistakesOf>[0] },
    ) => {
      if (schedule[key] !== undefined)
        return [{ path: path.join('.'), message: `${fault.kind} is scheduled twice` }];
      if (!parsed.success) return mistakesOf(parsed.error, [...path, 'with']);
      schedule[key] = parsed.data;
      return [];
    };
    if (asIs && DEFAULT.some(({ kind }) => kind === fault.kind) && fault.kind !== 'load/job-burst') {
      const message = `${fault.kind} is the fake plugin’s; under the profile as-is the one that is there is left alone`;
      return [{ path: [...path, 'kind'].join('.'), message }];
    }
    switch (fault.kind) {
      case 'gpu/bind-delay':
        return take('bindDelay', BindDelayWith.safeParse(fault.with));
      case 'gpu/plugin-restart':
        return take('pluginRestart', PluginRestartWith.safeParse(fault.with));
      case 'gpu/device-unhealthy':
        return take('deviceUnhealthy', DeviceUnhealthyWith.safeParse(fault.with));
      case 'load/job-burst':
        return take('jobBurst', { success: true, data: {} });
      case UPGRADE: {
        const parsed = UpgradeWith.safeParse(fault.with);
        const refusal = parsed.success ? upgradeRefusal(plan, SUITE, parsed.data) : undefined;
        if (refusal === undefined) return take('upgrade', parsed);
        return [{ path: [...path, 'with.to'].join('.'), message: refusal }];
      }
      case 'load/pod-kill':
        if (training) return take('podKill', { success: true, data: {} });
        return [
          {
            path: [...path, 'kind'].join('.'),
            message: `${fault.kind} kills pods that write checkpoints, and settings.checkpoints asks for none`,
          },
        ];
      default:
        return [
          {
            path: [...path, 'kind'].join('.'),
            message: `expected one of ${[...DEFAULT, POD_KILL].map(({ kind }) => kind).join(', ')}, ${UPGRADE}, got ${fault.kind}`,
          },
        ];
    }
  });
  if (mistakes.length > 0) throw planInvalid('checking the faults of suite gpu', mistakes);
  return schedule;
}

export function scheduledFaults(plan: Plan): string[] {
  return (Object.keys(scheduleOf(plan)) as (keyof Schedule)[]).flatMap((key) =>
    key === 'upgrade' ? upgradeIds(plan) : FAULT_IDS[key],
  );
}
