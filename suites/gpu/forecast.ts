import type { ClusterNode } from '../../clusters/port.ts';
import { bindDelay, extraMs } from '../../faults/gpu/bind-delay.ts';
import { deviceUnhealthy } from '../../faults/gpu/device-unhealthy.ts';
import { pluginRestart } from '../../faults/gpu/plugin-restart.ts';
import { jobBurst } from '../../faults/load/job-burst.ts';
import { podKill } from '../../faults/load/pod-kill.ts';
import type { Fault } from '../../faults/port.ts';
import type { Plan } from '../../harness/plan/schema.ts';
import { type Forecast, NOMINAL_NAMESPACE, nominalNodes } from '../../harness/radius/forecast.ts';
import { upgradesOf } from '../upgrade.ts';
import { TRAINING } from './checkpoints/job.ts';
import { FAULT_IDS, scheduleOf } from './schedule.ts';
import { RESOURCE, settingsOf } from './settings.ts';

/** The faults that `Certification` would hold, on nodes that are names alone. */
export function forecast(plan: Plan): Forecast {
  const {
    bindDelay: delay,
    deviceUnhealthy: unhealthy,
    jobBurst: jobs,
    pluginRestart: restart,
    podKill: kill,
    upgrade: wanted,
  } = scheduleOf(plan);
  const { gpusPerNode } = settingsOf(plan).settings;
  const nodes = nominalNodes(plan);
  const workers = nodes.filter(({ role }) => role === 'worker').map(({ name }) => ({ name }) as ClusterNode);
  const [first] = workers;
  const last = workers.at(-1);
  const burst = jobs && jobBurst(FAULT_IDS.jobBurst, NOMINAL_NAMESPACE, plan.cluster.provider, []);
  const alone: (Fault | undefined)[] = [
    restart && first && pluginRestart(FAULT_IDS.pluginRestart, restart, first, RESOURCE, gpusPerNode),
    unhealthy && last && deviceUnhealthy(FAULT_IDS.deviceUnhealthy, unhealthy, last, RESOURCE, gpusPerNode),
    kill && podKill(FAULT_IDS.podKill, NOMINAL_NAMESPACE, TRAINING, plan.cluster.provider),
  ];
  const upgrades = wanted ? upgradesOf(plan, nodes, wanted, { drained: true }) : [];
  // How long a start takes is measured on the cluster.
  const delayed = delay && bindDelay(FAULT_IDS.bindDelay, extraMs(delay, 0, 0), 0, workers, RESOURCE);
  return {
    links: [],
    faults: [
      ...foretold(burst, []),
      ...foretold(delayed, burst ? [burst] : []),
      ...[...upgrades.map(({ fault }) => fault), ...alone].flatMap((fault) => foretold(fault, [])),
    ],
  };
}

function foretold(fault: Fault | undefined, beside: readonly Fault[]): Forecast['faults'] {
  if (!fault) return [];
  const { id, kind, mechanisms, reach, target } = fault;
  return [{ id, kind, target, mechanisms, reach, beside: beside.map((other) => other.reach) }];
}
