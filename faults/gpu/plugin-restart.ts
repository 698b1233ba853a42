import { z } from 'zod';
import type { ClusterNode } from '../../clusters/port.ts';
import { Duration } from '../../harness/plan/schema.ts';
import type { Fault } from '../port.ts';
import { allocatableOn } from './allocatable.ts';
import { GpuKnobs } from './knobs.ts';

/** Two seconds down: long enough for the kubelet to lose the plugin, short for a rolling update of a DaemonSet. */
export const PluginRestartWith = z.strictObject({ down: Duration.default(2_000) });
export type PluginRestartWith = z.infer<typeof PluginRestartWith>;

/** `gpu/plugin-restart`: the plugin's server goes away, its stream ends, and it comes back and has to register again. */
export function pluginRestart(
  id: string,
  { down }: PluginRestartWith,
  node: ClusterNode,
  resource: string,
  gpus: number,
): Fault {
  const knobs = new GpuKnobs(id, 'plugin-restart', { downMs: down }, [node], resource);
  const source = `node/${node.name}`;
  return {
    id,
    kind: 'gpu/plugin-restart',
    target: knobs.target,
    reach: knobs.reach,
    mechanisms: knobs.mechanisms,
    capability: () => knobs.capability(),
    healRecord: () => knobs.healRecord(),
    inject: (context) => knobs.inject(context),
    async bite(_context, history) {
      const stopped = history.some(
        ({ type, source: from, body }) =>
          from === source &&
          type === 'ledger.plugin.stopped' &&
          (body as { reason: string }).reason === `fault ${id}`,
      );
      return {
        seen: stopped,
        evidence: stopped ? 'the plugin’s server went away' : 'the plugin’s server is still there',
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
