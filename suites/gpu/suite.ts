import { join } from 'node:path';
import type { Cluster } from '../../clusters/port.ts';
import type { Suite } from '../../harness/run/ports.ts';
import { ablation } from './ablation.ts';
import { Certification } from './certification.ts';
import { forecast } from './forecast.ts';
import { requirements } from './requirements.ts';
import { scheduledFaults, scheduleOf } from './schedule.ts';
import { series } from './series.ts';
import { RESOURCE, resolve, SUITE } from './settings.ts';
import { timeline } from './timeline/timeline.ts';

/** GPU allocation under the incident of Kubernetes 1.27.3: bursts of Jobs, slow association, a restarted plugin. */
export const gpuSuite: Suite<Cluster> = {
  name: SUITE,
  title: 'GPU allocation',
  phases: (context) => new Certification(context).phases(),
  requirements,
  refusedFor: ['GPU-1'],
  ablation,
  timeline,
  series,
  scheduledFaults,
  radius: { cloud: false, resources: [RESOURCE, 'jobs'] },
  forecast,
  resolve(plan) {
    const resolved = resolve(plan);
    scheduleOf(resolved);
    return resolved;
  },
  spec: join(import.meta.dirname, 'gpu.spec.ts'),
};
