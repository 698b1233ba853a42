import { nominalFoundLink, nominalLinks } from '../../clusters/network/nominal.ts';
import { type AnyLink, interfacesOf } from '../../clusters/network/port.ts';
import { type BrokerControl, brokerRestart } from '../../faults/network/broker-restart.ts';
import type { Plan } from '../../harness/plan/schema.ts';
import {
  type Forecast,
  NOMINAL_CONTROL_PLANE,
  nominalNodes,
  type PlannedFault,
} from '../../harness/radius/forecast.ts';
import { upgradesOf } from '../upgrade.ts';
import { faultOn, type LinkFaultKind, type LinkFaultKinds } from './faults.ts';
import { lanesOf, type Scheduled, scheduleOf, upgradeIn } from './schedule.ts';
import { settingsOf } from './settings.ts';

/** The faults that `Certification` would hold, on links that are names alone. */
export function forecastOf(plan: Plan, kinds: LinkFaultKinds): Forecast {
  const { settings } = settingsOf(plan);
  const all = nominalNodes(plan);
  const workers = all.filter(({ role }) => role === 'worker');
  const nodes = workers.slice(0, settings.nodes);
  const found = plan.cluster.provider === 'existing';
  const cloud = found ? (workers[settings.nodes] ?? workers.at(-1)) : undefined;
  const cloudNode = cloud?.name ?? NOMINAL_CONTROL_PLANE;
  // One for each isolation that it may come to, the one that touches the most first.
  const links = nodes.map(({ name }, index): AnyLink[] =>
    found ? [nominalFoundLink(name, cloudNode)] : nominalLinks(plan, name, index, cloudNode),
  );
  const schedule = scheduleOf(plan, kinds);
  const onLink = (scheduled: Scheduled): PlannedFault => {
    const { holdMs, id, kind, link, parameters } = scheduled;
    const of = kinds[kind] as LinkFaultKind;
    const faults = (links[(link as number) % links.length] ?? []).map((each) =>
      faultOn(each, of, id, parameters),
    );
    const [{ reach, target } = { reach: undefined, target: '' }] = faults;
    if (!reach) throw new RangeError(`${id} has no link`);
    const mechanisms = [...new Set(faults.flatMap((fault) => fault.mechanisms))];
    return { id, kind, target, holdMs, mechanisms, reach, beside: [] };
  };
  const lanes = lanesOf(schedule, links.length).map((lane) => lane.map(onLink));
  const wanted = upgradeIn(plan);
  const upgrades = wanted ? upgradesOf(plan, all, wanted, { drained: false }) : [];
  const brokerNode = plan.cluster.provider === 'embedded' ? undefined : cloudNode;
  return {
    links: links.flat().flatMap(interfacesOf),
    faults: [
      ...lanes.flatMap((lane, index) =>
        lane.map((fault) => ({ ...fault, beside: besides(lanes.filter((_, other) => other !== index)) })),
      ),
      ...schedule
        .filter(({ link }) => link === undefined)
        .map(({ holdMs, id, kind }) => {
          const { mechanisms, reach, target } = brokerRestart(id, {} as BrokerControl, brokerNode);
          return { id, kind, target, holdMs, mechanisms, reach, beside: [] };
        }),
      ...upgrades.map(({ fault: { id, kind, mechanisms, reach, target } }) => {
        return { id, kind, target, mechanisms, reach, beside: [] };
      }),
    ],
  };
}

/** Of each other lane what any of its faults touches: one of them may be held. */
function besides(lanes: readonly (readonly PlannedFault[])[]): PlannedFault['reach'][] {
  return lanes.flatMap((lane) => lane.map(({ reach }) => reach));
}
