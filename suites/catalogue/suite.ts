import { join } from 'node:path';
import type { Cluster } from '../../clusters/port.ts';
import { KUBELET } from '../../faults/gpu/kubelet-restart.ts';
import type { Suite } from '../../harness/run/ports.ts';
import { Certification } from './certification.ts';
import { forecast } from './forecast.ts';
import type { OpenNetwork } from './parts.ts';
import { requirements } from './requirements.ts';
import { faultIdOf, resourceOf } from './scenario.ts';
import { SCENARIOS } from './scenarios/all.ts';
import { resolve, SUITE, settingsOf } from './settings.ts';
import { timeline } from './timeline.ts';

/** The failure catalogue: the rows that a plan names, each with a requirement under its own id. */
export const catalogueSuite = (openNetwork: OpenNetwork): Suite<Cluster> => ({
  name: SUITE,
  title: 'Failure catalogue',
  phases: (context) => new Certification(context, openNetwork).phases(),
  requirements,
  refusedFor: [],
  timeline,
  // Each row is one event, not a sample of a rate: there is nothing to compare between runs but the verdicts.
  series: () => [],
  scheduledFaults: (plan) => settingsOf(plan).settings.scenarios.map(faultIdOf),
  radius: { cloud: false, resources: [KUBELET, ...SCENARIOS.map(({ id }) => resourceOf(id))] },
  forecast,
  resolve,
  spec: join(import.meta.dirname, 'catalogue.spec.ts'),
});
