import { type AnyLink, interfacesOf } from '../clusters/network/port.ts';
import type { Cluster } from '../clusters/port.ts';
import { FaultKeeper } from '../faults/wrapper.ts';
import type { EngineEvents } from '../harness/history/event.ts';
import { radiusOn } from '../harness/radius/resolve.ts';
import type { SuiteContext } from '../harness/run/ports.ts';

/** What of the cluster is the suite’s own. */
interface Own {
  suite: string;
  namespace: string;
  links?: readonly AnyLink[];
  /** The control plane's node where no link leads to it and faults reach it all the same. */
  controlPlane?: string | undefined;
}

/** Runs a suite’s faults until the plan’s deadline, within the plan’s blast radius, which is recorded. */
export function keeperIn(
  context: SuiteContext<Cluster>,
  { controlPlane, links = [], namespace, suite }: Own,
): FaultKeeper {
  const { clock, cluster, plan, recorder, runId, signal } = context;
  const { nodes } = cluster;
  const radius = radiusOn(plan.radius, {
    nodes: nodes.map(({ name, role }) => ({ name, role })),
    cloud: cloudNodeOf(links) ?? controlPlane,
    links: links.flatMap(interfacesOf),
    namespaces: [namespace],
  });
  const body: EngineEvents['radius.resolved'] = { suite, radius };
  recorder.record(`suite/${suite}`, 'radius.resolved', body);
  const deadlineWall = clock.wall() + plan.deadline;
  return new FaultKeeper({ cluster, recorder, clock, signal, runId, deadlineWall, radius });
}

/** The node of the cluster that the links lead to, where it is one. */
export function cloudNodeOf(links: readonly AnyLink[]): string | undefined {
  return links.map(({ path }) => (path.kind === 'relay' ? undefined : path.cloudNode)).find((node) => node);
}
