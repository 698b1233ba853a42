import type { RadiusPlan } from '../plan/radius.ts';
import type { Plan } from '../plan/schema.ts';
import type { NodeInterface, Radius, Surroundings } from './reach.ts';

/** What a suite’s own topology has its faults touch, besides workers, links and the suite’s namespace. */
export interface SuiteRadius {
  /** The control plane’s node is the cloud of its network. */
  cloud: boolean;
  resources: readonly string[];
}

/** Of a cluster that is someone’s. */
const SHARE_OF_EXISTING = 50;

/**
 * A plan whose radius says all that it allows. What the plan leaves out: on a cluster of the harness’s own its workers, the
 * links and namespaces that the run makes, and what the suites name; on an existing one the same, of half the nodes at once.
 * Idempotent.
 */
export function withRadius(plan: Plan, suites: readonly SuiteRadius[]): Plan {
  const { cluster, radius } = plan;
  const { interfaces, namespaces, nodes, resources } = radius;
  const real = cluster.provider !== 'embedded';
  const cloud = nodes.cloud ?? suites.some((suite) => suite.cloud);
  const resolved = {
    ...radius,
    nodes: {
      ...nodes,
      workers: nodes.workers ?? nodes.names === undefined,
      cloud,
      most: nodes.most ?? (cluster.workers ?? 1) + (real && cloud ? 1 : 0),
      share: nodes.share ?? (cluster.provider === 'existing' ? SHARE_OF_EXISTING : 100),
    },
    interfaces: { ...interfaces, links: interfaces.links ?? interfaces.names === undefined },
    namespaces: { ...namespaces, own: namespaces.own ?? namespaces.names === undefined },
    resources: resources ?? [...new Set(suites.flatMap((suite) => suite.resources))],
  };
  return { ...plan, radius: resolved };
}

/** What of a cluster a run has to do with. */
export interface Ground extends Pick<Surroundings, 'nodes'> {
  /** The node that is the cloud, where one is. */
  cloud?: string | undefined;
  links: readonly NodeInterface[];
  /** The run’s own. */
  namespaces: readonly string[];
}

/** The radius of a resolved plan, by the names that a cluster has. */
export function radiusOn(
  { hostNetwork, interfaces, namespaces, nodes, resources }: RadiusPlan,
  ground: Ground,
): Radius {
  const workers = ground.nodes.filter(({ role }) => role === 'worker').map(({ name }) => name);
  return {
    nodes: [
      ...new Set([
        ...(nodes.workers ? workers : []),
        ...(nodes.names ?? []),
        ...(nodes.cloud && ground.cloud !== undefined ? [ground.cloud] : []),
      ]),
    ],
    mostNodes: nodes.most ?? 0,
    mostShare: nodes.share ?? 0,
    interfaces: [
      ...(interfaces.links ? ground.links : []),
      ...(interfaces.names ?? []).map((device) => ({ device })),
    ],
    namespaces: [...(namespaces.own ? ground.namespaces : []), ...(namespaces.names ?? [])],
    resources: resources ?? [],
    hostNetwork,
  };
}
