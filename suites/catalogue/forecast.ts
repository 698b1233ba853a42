import type { ClusterNode } from '../../clusters/port.ts';
import type { Plan } from '../../harness/plan/schema.ts';
import { type Forecast, NOMINAL_NAMESPACE, nominalNodes } from '../../harness/radius/forecast.ts';
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
  const faults = scenarios.map((scenario) =>
    scenarioOf(scenario).fault({
      ...{ id: faultIdOf(scenario), node, namespace: NOMINAL_NAMESPACE },
      ...{ resource: resourceOf(scenario), devices },
      ...{ plugin: notYet('the plugin'), gpu: notYet('the fake GPU node') },
      ...{ tellContainers: async () => undefined, since: () => [], refused: () => false },
    }),
  );
  return {
    links: [],
    faults: faults.map(({ id, kind, mechanisms, reach, target }) => ({
      ...{ id, kind, mechanisms, reach, target },
      beside: [],
    })),
  };
}
