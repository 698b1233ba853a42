import type { Mistake } from '../plan/document.ts';
import type { Plan } from '../plan/schema.ts';
import { outside, SHARE } from './outside.ts';
import type { NodeInterface, Reach, Surroundings } from './reach.ts';
import { outsideRadius } from './refusal.ts';
import { radiusOn } from './resolve.ts';

/** A fault as a plan will have it, by the names that `nominalNodes` gives. */
export interface PlannedFault {
  id: string;
  kind: string;
  /** For people, as in reports. */
  target: string;
  /** How long it is held, where the plan says so. */
  holdMs?: number | undefined;
  mechanisms: readonly string[];
  reach: Reach;
  /** Of the faults that may be held beside it. */
  beside: readonly Reach[];
}

/** What a suite would do, as far as it can be told before the cluster stands. */
export interface Forecast {
  faults: readonly PlannedFault[];
  /** Interfaces of the links that it would break. */
  links: readonly NodeInterface[];
}

export const NOMINAL_CONTROL_PLANE = 'the control plane';
/** Stands for the namespace that a suite makes for a run. */
export const NOMINAL_NAMESPACE = 'the run’s own namespace';

/** The nodes that a resolved plan will have: workers by the names that its radius knows, then by number. */
export function nominalNodes({ cluster, radius }: Plan): Surroundings['nodes'] {
  const named = radius.nodes.names ?? [];
  const workers = Array.from({ length: cluster.workers ?? 1 }, (_, index) => ({
    name: named[index] ?? `worker ${index + 1}`,
    role: 'worker' as const,
  }));
  return [{ name: NOMINAL_CONTROL_PLANE, role: 'control-plane' }, ...workers];
}

/**
 * What of a resolved plan’s faults lies outside of its own radius, as far as the plan alone can tell; the same judgement is
 * made again of each fault on the cluster. Pure.
 */
export function foreseen(plan: Plan, forecasts: readonly Forecast[]): Mistake[] {
  const nodes = nominalNodes(plan);
  const radius = radiusOn(plan.radius, {
    nodes,
    cloud: NOMINAL_CONTROL_PLANE,
    links: forecasts.flatMap(({ links }) => links),
    namespaces: [NOMINAL_NAMESPACE],
  });
  // How many nodes someone's cluster has is seen there, and the share with it.
  const told = ({ path }: Mistake) => plan.cluster.provider !== 'existing' || path !== SHARE;
  return forecasts
    .flatMap(({ faults }) => faults)
    .flatMap(({ beside, id, kind, reach }) =>
      outside(reach, radius, { nodes, hostNetworkPods: [], held: beside })
        .filter(told)
        .map(({ message, path }) => ({ path, message: `fault ${id} (${kind}): ${message}` })),
    );
}

/** @throws OrdealError BLAST_RADIUS (exit 3) with the path of what would have to allow it. */
export function refuseForeseen(plan: Plan, forecasts: readonly Forecast[]): void {
  const mistakes = foreseen(plan, forecasts);
  if (mistakes.length > 0) throw outsideRadius('checking the blast radius of the plan', mistakes);
}
