import { z } from 'zod';
import type { ClusterNode, ClusterUpgrade } from '../../clusters/port.ts';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { messageOf } from '../../harness/errors/error.ts';
import type { Kube } from '../../harness/kube/client.ts';
import { withoutV } from '../../harness/kube/version.ts';
import { reach } from '../../harness/radius/reach.ts';
import type { CommandUndo } from '../command-undo.ts';
import type { CapabilityAnswer, Fault, FaultContext } from '../port.ts';
import { cordon, drain, evictable, podsOn } from './drain.ts';
import { skewRefusal, stepRefusal } from './skew.ts';

export const UPGRADE = 'cluster/upgrade';

export const UpgradeWith = z.strictObject({
  /** The version that every node is brought to. */
  to: z
    .string()
    .regex(/^v?1\.\d+\.\d+$/, 'expected a version such as 1.34.4')
    .transform(withoutV),
});
export type UpgradeWith = z.infer<typeof UpgradeWith>;

/** What the history has of each pod that an upgrade evicted. */
export interface PodEvicted {
  fault: string;
  node: string;
  podUid: string;
}

/**
 * etcd, API server and kubelet start anew one after the other, and on two processors nobody answers for 8 to 40 s meanwhile. The
 * harness's own calls wait for twice a minute (harness/kube/patience.ts): a run whose API server is away for longer breaks off.
 */
const API_AWAY_MS = 120_000;
/** An API server that was just started anew may not answer for a while. */
const UNCORDON_MS = 60_000;
/** A kubelet that has just started may start what it finds there once more, the API server among it. */
const STEADY_MS = 15_000;

/**
 * `cluster/upgrade`: a node is cordoned, drained where that is asked for, given the programs of another version of Kubernetes, and
 * takes pods again. While the control plane's only API server starts anew nobody answers.
 *
 * There is no way back from it. What is healed is the node: it is Ready at the version asked for and schedulable. One that was
 * interrupted while its programs were changed is finished; one whose drain never came to its end keeps its version, takes pods
 * again, and the fault has not bitten.
 */
export function upgrade(
  id: string,
  { to }: UpgradeWith,
  node: Pick<ClusterNode, 'name' | 'role'>,
  drained = true,
): Fault {
  const { name, role } = node;
  const version = `v${to}`;
  const mechanism = `cordon, ${drained ? 'drain, ' : ''}the programs of another version, uncordon`;
  let means: ClusterUpgrade | undefined;
  let swapping = false;
  let swapped = false;
  let steadyFrom: number | undefined;
  const wholeIn = async (kube: Kube) => {
    const { apiServer, kubelet, ready, unschedulable } = await versionsOf(kube, node);
    // Untouched, it is as it was; touched, it has to be what it was to become.
    const there = !swapping || (kubelet === version && (role === 'worker' || apiServer === version));
    const state = `${ready ? 'Ready' : 'not Ready'}, ${unschedulable ? 'cordoned' : 'schedulable'}`;
    return {
      whole: there && ready && !unschedulable,
      evidence: `${name} is ${state}, its kubelet ${kubelet}${there ? '' : `: half-way to ${version}`}`,
    };
  };
  const swap = async () => {
    swapping = true;
    await means?.swap(node);
    swapped = true;
  };
  return {
    id,
    kind: UPGRADE,
    target: `node ${name}`,
    reach: reach({ nodes: [name] }),
    ...(role === 'control-plane' && { apiAwayMs: API_AWAY_MS }),
    mechanisms: [mechanism],
    async capability({ cluster, radius }): Promise<CapabilityAnswer> {
      means = cluster.upgrade;
      if (means?.to !== to) return { ok: false, reason: `nobody can bring ${name} to Kubernetes ${to}` };
      const { apiServer, kubelet } = await versionsOf(cluster.kube, node);
      const reason =
        role === 'control-plane'
          ? (stepRefusal(apiServer, to) ?? skewRefusal(kubelet, to))
          : (stepRefusal(kubelet, to) ?? skewRefusal(to, apiServer));
      if (reason !== undefined) return { ok: false, reason };
      const leaving = drained ? evictable(await podsOn(cluster.kube, name)) : [];
      const foreign = leaving
        .map(({ metadata }) => metadata?.namespace ?? '')
        .find((namespace) => !radius.namespaces.includes(namespace));
      if (foreign === undefined) return { ok: true, mechanism };
      return { ok: false, reason: `the drain of ${name} would evict pods of the namespace ${foreign}` };
    },
    healRecord: () => ({ by: 'commands', undo: [uncordoned(name, means?.kubectl ?? [])] }),
    async inject({ clock, cluster: { kube }, recorder, signal }) {
      await cordon(kube, name, true);
      const evicted: string[] = [];
      const onEvicted: Parameters<typeof drain>[2]['onEvicted'] = ({ metadata }) => {
        evicted.push(`${metadata?.namespace}/${metadata?.name}`);
        const body: PodEvicted = { fault: id, node: name, podUid: metadata?.uid ?? '' };
        recorder.record(`fault/${UPGRADE}`, 'upgrade.evicted', body);
      };
      const from = clock.mono();
      if (drained) await drain(kube, name, { clock, signal, onEvicted });
      const free = clock.mono();
      await swap();
      return { evicted, drainMs: free - from, swapMs: clock.mono() - free };
    },
    async bite({ cluster: { kube } }) {
      const { apiServer, kubelet } = await versionsOf(kube, node);
      const served = role === 'worker' || apiServer === version;
      const server = role === 'control-plane' ? `the API server is ${apiServer}; ` : '';
      return {
        seen: served && kubelet === version,
        evidence: `${server}the kubelet of ${name} is ${kubelet}`,
      };
    },
    async heal(context) {
      if (swapping && !swapped) await swap();
      await uncordon(name, context);
    },
    async gone({ clock, cluster: { kube } }) {
      const seen = await wholeIn(kube).catch((error) => ({ whole: false, evidence: messageOf(error) }));
      if (!seen.whole) steadyFrom = undefined;
      else steadyFrom ??= clock.mono();
      const wanted = role === 'control-plane' && swapping ? STEADY_MS : 0;
      return {
        seen: steadyFrom !== undefined && clock.mono() - steadyFrom >= wanted,
        evidence: seen.evidence,
      };
    },
  };
}

/** For whoever finds a node that a killed harness left cordoned. */
function uncordoned(name: string, kubectl: readonly string[]): CommandUndo {
  return {
    what: `${name} is cordoned`,
    machine: [],
    enter: [...kubectl],
    look: ['get', 'node', name, '--output', 'jsonpath={.spec.unschedulable}'],
    mark: 'true',
    undo: ['uncordon', name],
  };
}

async function uncordon(name: string, { clock, cluster: { kube }, signal }: FaultContext): Promise<void> {
  let seen = '';
  await waitFor(
    async () => {
      try {
        await cordon(kube, name, false);
        return true;
      } catch (error) {
        seen = messageOf(error);
        return false;
      }
    },
    {
      what: `${name} to be uncordoned`,
      deadlineMs: UNCORDON_MS,
      intervalMs: 500,
      clock,
      signal,
      seen: () => seen,
    },
  );
}

async function versionsOf(kube: Kube, { name }: Pick<ClusterNode, 'name'>) {
  const [{ gitVersion }, { spec, status }] = await Promise.all([
    kube.version.getCode(),
    kube.core.readNode({ name }),
  ]);
  return {
    apiServer: gitVersion,
    kubelet: status?.nodeInfo?.kubeletVersion ?? 'unknown',
    ready: status?.conditions?.some(({ status: is, type }) => type === 'Ready' && is === 'True') ?? false,
    unschedulable: spec?.unschedulable ?? false,
  };
}
