import { plainVersion } from '../clusters/images/versions.ts';
import type { ClusterNode } from '../clusters/port.ts';
import { stepRefusal, upgradeOrder } from '../faults/cluster/skew.ts';
import { UPGRADE, type UpgradeWith, upgrade } from '../faults/cluster/upgrade.ts';
import type { Fault } from '../faults/port.ts';
import type { HoldOptions } from '../faults/wrapper.ts';
import type { Plan } from '../harness/plan/schema.ts';

/** A kubelet's start on a busy machine, and the way of what it runs back to it. */
const NODE_DEADLINE_MS = 180_000;
export const UPGRADE_WAITS: HoldOptions = {
  biteDeadlineMs: NODE_DEADLINE_MS,
  goneDeadlineMs: NODE_DEADLINE_MS,
};

/** One for each node of a resolved plan's cluster, in the order in which they are upgraded. */
export function upgradeIds({ cluster }: Plan): string[] {
  return Array.from({ length: 1 + (cluster.workers ?? 1) }, (_, index) => `upgrade-${index + 1}`);
}

/** A fault for each node, the control plane's first. */
export function upgradesOf<Node extends Pick<ClusterNode, 'name' | 'role'>>(
  plan: Plan,
  nodes: readonly Node[],
  wanted: UpgradeWith,
  { drained }: { drained: boolean },
): { node: Node; fault: Fault }[] {
  const ids = upgradeIds(plan);
  return upgradeOrder(nodes).map((node, index) => ({
    node,
    fault: upgrade(ids[index] as string, wanted, node, drained),
  }));
}

/** Why a suite's plan cannot bring its cluster to a version; undefined where it can. */
export function upgradeRefusal(
  { cluster, suites }: Plan,
  suite: string,
  { to }: UpgradeWith,
): string | undefined {
  if (cluster.provider !== 'kind')
    return `${UPGRADE} is of clusters of kind, and this is ${cluster.provider}`;
  const first = suites.find(({ faults }) => faults?.some(({ kind }) => kind === UPGRADE));
  if (first?.name !== suite)
    return `suite ${first?.name} upgrades the cluster before: there is no second time`;
  return stepRefusal(plainVersion(cluster.kubernetes), to);
}
