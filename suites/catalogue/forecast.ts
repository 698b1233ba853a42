import { nominalLinks } from '../../clusters/network/nominal.ts';
import { type EdgeLink, interfacesOf } from '../../clusters/network/port.ts';
import type { ClusterNode } from '../../clusters/port.ts';
import type { Plan } from '../../harness/plan/schema.ts';
import {
  type Forecast,
  NOMINAL_CONTROL_PLANE,
  NOMINAL_NAMESPACE,
  nominalNodes,
} from '../../harness/radius/forecast.ts';
import { faultIdOf, resourceOf } from './scenario.ts';
import { scenarioOf } from './scenarios/all.ts';
import { settingsOf } from './settings.ts';

/** The faults that the rows would hold, one after the other, on a node that is a name alone. */
export function forecast(plan: Plan): Forecast {
  const { devices, scenarios } = settingsOf(plan).settings;
  const worker = nominalNodes(plan).find(({ role }) => role === 'worker');
  const node = { name: worker?.name ?? '' } as ClusterNode;
  const notYet = (what: string) => () => {
    throw new RangeError(`${what} is not there before the run`);
  };
  // The first is the one that touches the most.
  const links = nominalLinks(plan, node.name, 0, NOMINAL_CONTROL_PLANE);
  const faults = scenarios.map((scenario) =>
    scenarioOf(scenario).fault({
      ...{ id: faultIdOf(scenario), node, namespace: NOMINAL_NAMESPACE },
      ...{ resource: resourceOf(scenario), devices },
      ...{ plugin: notYet('the plugin'), gpu: notYet('the fake GPU node') },
      ...{ dra: notYet('the DRA driver'), claimDelay: notYet('its delay') },
      below: () => links[0] as EdgeLink,
      ...{ tellContainers: async () => undefined, since: () => [], refused: () => false },
    }),
  );
  return {
    links: links.flatMap(interfacesOf),
    faults: faults.map(({ id, kind, mechanisms, reach, target }) => ({
      ...{ id, kind, mechanisms, reach, target },
      beside: [],
    })),
  };
}
