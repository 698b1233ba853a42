import { rmSync } from 'node:fs';
import { EXIT, messageOf, OrdealError } from '../../harness/errors/error.ts';
import type { Provider, Readiness } from '../../harness/run/ports.ts';
import { answerOf } from '../container-nodes/readiness.ts';
import { type ClusterLock, lockCluster, releaseLock } from '../lock.ts';
import type { Cluster } from '../port.ts';
import { readAllowances } from './allowance.ts';
import { cleanUp } from './clean-up.ts';
import { describeTarget } from './cluster.ts';
import { removeNamespaces } from './objects.ts';
import { abandoned, noteTaken } from './taken.ts';
import { checkUntaken, needOf, takeAim } from './target.ts';

/** Someone's own cluster, by a context of a kubeconfig that was allowed by name and by the cluster's UID. */
export const existingProvider: Provider<Cluster> = {
  name: 'existing',

  /** With a plan only what this machine lacks: what its cluster does is told when it is looked at, by codes of its own. */
  async readiness(plan) {
    if (plan) return needOf(plan).edge ? [await kubectlReadiness()] : [];
    const name = 'a cluster that was allowed';
    const allowed = readAllowances().map(({ context }) => context);
    if (allowed.length > 0) return [{ name, ok: true, detail: allowed.join(', ') }];
    return [{ name, ok: false, detail: 'none', mend: 'ordeal allow --context NAME' }];
  },

  async up(context) {
    context.progress(`existing: looking at context ${context.plan.cluster.context ?? ''}`);
    const target = await takeAim(context.plan);
    const { identity, kube, nodes } = target;
    let forget = () => {};
    let lock: ClusterLock | undefined;
    context.undo.push(`leave the cluster of context ${target.context.name}`, async () => {
      try {
        await removeNamespaces(kube, context.runId);
      } finally {
        await (lock ? lock.release() : releaseLock(kube, context.runId)).finally(() => kube.close());
      }
      forget();
    });
    forget = noteTaken({
      runId: context.runId,
      context: target.context.name,
      kubeconfig: target.context.kubeconfig,
      uid: identity.uid,
      nodes: nodes.map(({ name }) => name),
    });
    lock = await lockCluster(kube, context);
    // Only now: fake GPUs of another run would be taken for the nodes' own.
    if (context.plan.profile !== 'as-is') checkUntaken(nodes);
    return await describeTarget(target, lock, context);
  },

  /** By its context: the cluster that the plan names. Where it is refused, it was held and let go, and nothing else. */
  async attach(_name, context, accept) {
    const cluster = await existingProvider.up(context);
    accept(cluster);
    return cluster;
  },

  async upDetached() {
    throw new OrdealError({
      code: 'CLUSTER_EXISTS',
      exit: EXIT.usage,
      tried: 'bringing a cluster of the provider existing up',
      seen: 'it is someone’s, and up already',
      todo: 'run `ordeal allow --context NAME`, then `ordeal run --cluster existing --context NAME`',
    });
  },

  /** It is nobody’s here to end. */
  down: async () => false,

  async clean() {
    const removed: string[] = [];
    const failed: string[] = [];
    for (const { path, taken } of abandoned()) {
      try {
        if (taken === undefined) throw new Error('it is no note of this version’s');
        removed.push(...(await cleanUp(taken)));
        rmSync(path, { force: true });
      } catch (error) {
        const of = taken ? `run ${taken.runId} on the cluster of context ${taken.context}` : 'a run';
        failed.push(`of ${of}, noted in ${path}: ${messageOf(error)}`);
      }
    }
    if (failed.length > 0) throw notCleaned(failed);
    return removed;
  },
};

/** By it an edge node is healed also when the process that broke it is gone. */
async function kubectlReadiness(): Promise<Readiness> {
  const name = 'kubectl';
  const answer = await answerOf(['kubectl', 'version', '--client', '--output=json']);
  if (answer?.exitCode === 0) return { name, ok: true, detail: 'kubectl is there' };
  return { name, ok: false, detail: 'there is no kubectl command', mend: 'install kubectl, for suite edge' };
}

/** Tried again the next time. */
function notCleaned(failed: readonly string[]): OrdealError {
  return new OrdealError({
    code: 'CLUSTER_NOT_CLEANED',
    exit: EXIT.unable,
    tried: 'removing what runs that are gone have left on clusters that are someone’s',
    seen: failed.join('\n  '),
    todo: 'see that the cluster can be reached, then run `ordeal clean` again; where it is gone for good, remove the note',
  });
}
