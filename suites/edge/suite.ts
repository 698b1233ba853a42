import { join } from 'node:path';
import type { Cluster } from '../../clusters/port.ts';
import type { Suite } from '../../harness/run/ports.ts';
import { upgradeIds } from '../upgrade.ts';
import { ablation } from './ablation.ts';
import { Certification, type EdgeParts } from './certification.ts';
import { forecastOf } from './forecast.ts';
import { requirements } from './requirements.ts';
import { scheduleOf, upgradeIn } from './schedule.ts';
import { series } from './series.ts';
import { resolve, SUITE } from './settings.ts';
import { timeline } from './timeline.ts';

/** Edge connectivity under the incident of K3s 1.27.4: a tunnel that a NIC's checksum offload cuts, over 4G and 5G. */
export function edgeSuite(parts: EdgeParts): Suite<Cluster> {
  return {
    name: SUITE,
    title: 'Edge connectivity',
    phases: (context) => new Certification(context, parts).phases(),
    requirements,
    refusedFor: ['EDGE-1', 'EDGE-2'],
    // The cloud is the control plane’s node: its end of the links is corrupted and its broker restarted there.
    radius: { cloud: true, resources: ['broker'] },
    forecast: (plan) => forecastOf(plan, parts.faults),
    ablation,
    timeline,
    series,
    scheduledFaults: (plan) => [
      ...scheduleOf(plan, parts.faults).map(({ id }) => id),
      ...(upgradeIn(plan) ? upgradeIds(plan) : []),
    ],
    resolve(plan) {
      const resolved = resolve(plan);
      scheduleOf(resolved, parts.faults);
      return resolved;
    },
    spec: join(import.meta.dirname, 'edge.spec.ts'),
  };
}
