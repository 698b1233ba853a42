import { z } from 'zod';
import type { ClusterNode } from '../../clusters/port.ts';
import { Duration } from '../../harness/plan/schema.ts';
import type { Fault } from '../port.ts';
import { exposure } from './exposure.ts';
import { GpuKnobs } from './knobs.ts';

/** How slow an association becomes: so much more, or so many of the cluster's own start latencies in all. */
export const BindDelayWith = z.union([
  z.strictObject({ extra: Duration }),
  z.strictObject({ startLatencies: z.number().nonnegative() }),
]);
export type BindDelayWith = z.infer<typeof BindDelayWith>;

/**
 * The most that is added in proportion: with it an association still ends within the 5 s that the remedy gives one,
 * and eight of them, one after the other, take three times what a start took on two busy processors.
 */
const MOST_MS = 3_000;

/**
 * The least, where an association takes as long already by itself: on a cluster that starts its containers quickly the
 * incident shows without any help, and what nothing was added to could not be told from what no fault had touched.
 */
const LEAST_MS = 50;

/** Milliseconds to add to an association that takes `baseMs` by itself. */
export function extraMs(wanted: BindDelayWith, startLatencyMs: number, baseMs: number): number {
  if ('extra' in wanted) return wanted.extra;
  if (wanted.startLatencies === 0) return 0;
  return Math.min(MOST_MS, Math.max(LEAST_MS, Math.round(wanted.startLatencies * startLatencyMs - baseMs)));
}

/** `gpu/bind-delay`: each association of a device takes longer, on every node named. */
export function bindDelay(
  id: string,
  addedMs: number,
  startLatencyMs: number,
  nodes: readonly ClusterNode[],
  resource: string,
): Fault {
  const knobs = new GpuKnobs(id, 'bind-delay', { extraMs: addedMs }, nodes, resource);
  let from = Number.POSITIVE_INFINITY;
  const sources = new Set(nodes.map(({ name }) => `node/${name}`));
  return {
    id,
    kind: 'gpu/bind-delay',
    target: knobs.target,
    reach: knobs.reach,
    mechanisms: knobs.mechanisms,
    capability: () => knobs.capability(),
    healRecord: () => knobs.healRecord(),
    inject(context) {
      from = context.recorder.events.length;
      return knobs.inject(context);
    },
    async bite(_context, history) {
      const { delayed, exposed, slowestMs } = exposure(history.slice(from), startLatencyMs, sources);
      return {
        seen: exposed > 0,
        evidence: `${delayed} associations delayed by ${addedMs} ms; with one worker ${exposed} of them would have come after the container’s first act at ${Math.round(startLatencyMs)} ms, the last at ${Math.round(slowestMs)} ms`,
      };
    },
    heal: () => knobs.heal(),
    gone: async ({ recorder }) => knobs.lifted(recorder.events),
  };
}
