import { z } from 'zod';
import type { ClusterNode } from '../../clusters/port.ts';
import type { Fault } from '../port.ts';
import { allocatableOn } from './allocatable.ts';
import { GpuKnobs } from './knobs.ts';

export const DeviceUnhealthyWith = z.strictObject({
  devices: z.array(z.int().nonnegative()).min(1).default([0]),
});
export type DeviceUnhealthyWith = z.infer<typeof DeviceUnhealthyWith>;

/** `gpu/device-unhealthy`: the driver loses devices, by index; a truthful plugin takes them out of what is allocatable. */
export function deviceUnhealthy(
  id: string,
  { devices }: DeviceUnhealthyWith,
  node: ClusterNode,
  resource: string,
  gpus: number,
): Fault {
  const knobs = new GpuKnobs(id, 'device-unhealthy', { devices }, [node], resource);
  return {
    id,
    kind: 'gpu/device-unhealthy',
    target: knobs.target,
    reach: knobs.reach,
    mechanisms: knobs.mechanisms,
    capability: () => knobs.capability(),
    healRecord: () => knobs.healRecord(),
    inject: (context) => knobs.inject(context),
    async bite({ cluster }) {
      const allocatable = await allocatableOn(cluster.kube, node.name, resource);
      return {
        seen: allocatable === gpus - devices.length,
        evidence: `${allocatable} of ${gpus} ${resource} allocatable on ${node.name}`,
      };
    },
    heal: () => knobs.heal(),
    async gone({ cluster, recorder }) {
      const lifted = knobs.lifted(recorder.events);
      if (!lifted.seen || lifted.vanished) return lifted;
      const allocatable = await allocatableOn(cluster.kube, node.name, resource);
      return {
        seen: allocatable === gpus,
        evidence: `${allocatable} of ${gpus} ${resource} allocatable on ${node.name}`,
      };
    },
  };
}
