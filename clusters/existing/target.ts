import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import type { Kube } from '../../harness/kube/client.ts';
import { planInvalid } from '../../harness/plan/load.ts';
import type { Plan } from '../../harness/plan/schema.ts';
import { isProxied } from '../plugin-proxy/injection.ts';
import { denialLines, denialsOf, IN_CLUSTER_PERMISSIONS, type Need, permissionsFor } from './access.ts';
import { checkAllowed, readAllowances } from './allowance.ts';
import { type Identity, identify, type NodeIdentity } from './identity.ts';
import { type Context, connectTo, findContext } from './kubeconfig.ts';
import { namespaceRefusal } from './pod-security.ts';

/** The resource of the fake GPU nodes, and of the vendor's that they must not be put over. */
export const GPU_RESOURCE = 'nvidia.com/gpu';

/** Someone's cluster that a plan may work on. */
export interface Target {
  context: Context;
  kube: Kube;
  identity: Identity;
  /** The nodes to work on. */
  nodes: NodeIdentity[];
  workloadImage: string;
}

/**
 * The cluster that a plan names, after every question that can be asked of it without touching it.
 * @throws OrdealError PLAN_INVALID, KUBECONFIG_UNREADABLE, CONTEXT_UNKNOWN (exit 3); CLUSTER_UNREACHABLE,
 * CLUSTER_HIDDEN, CLUSTER_NOT_ALLOWED, CLUSTER_CHANGED, ACCESS_MISSING, NODES_MISSING, NAMESPACE_REFUSED (exit 4).
 */
export async function takeAim(plan: Plan): Promise<Target> {
  const { context: name, kubeconfig, workloadImage } = plan.cluster;
  if (name === undefined || workloadImage === undefined) {
    throw planInvalid('choosing the cluster', [
      ...(name === undefined
        ? [{ path: 'cluster.context', message: 'the provider existing needs one; --context NAME gives it' }]
        : []),
      ...(workloadImage === undefined
        ? [
            {
              path: 'cluster.workloadImage',
              message: 'the provider existing needs an image that its nodes have',
            },
          ]
        : []),
    ]);
  }
  const context = findContext(name, kubeconfig);
  const allowances = readAllowances();
  const kube = await connectTo(context);
  try {
    const identity = await identify(kube);
    checkAllowed(context, identity.uid, allowances);
    await checkAccess(kube, context, plan);
    const nodes = chooseNodes(identity, plan);
    await checkNamespace(kube);
    return { context, kube, identity, nodes, workloadImage };
  } catch (error) {
    kube.close();
    throw error;
  }
}

/** Pure. */
export function needOf(plan: Plan): Need {
  return {
    edge: plan.suites.some(({ name }) => name === 'edge'),
    fakeGpuNodes: plan.profile !== 'as-is',
    exporter: plan.profile !== 'as-is' && asks(plan, 'exporter'),
    proxies: plan.suites.some(({ faults = [] }) => faults.some(({ kind }) => isProxied(kind))),
    checkpoints: asks(plan, 'checkpoints'),
    jobSlots: plan.suites.some(({ remedies }) => typeof remedies.jobCap === 'number'),
  };
}

/** Whether a suite has a setting that is off unless told. */
function asks({ suites }: Plan, setting: string): boolean {
  return suites.some(({ settings }) => (settings[setting] ?? false) !== false);
}

/**
 * The nodes that a plan works on: those that it names, else every one that is Ready, takes pods and is no control plane; as
 * it is, those of them that have GPUs, where any has. Pure.
 * @throws OrdealError NODES_MISSING (exit 4).
 */
export function chooseNodes({ nodes }: Identity, plan: Plan): NodeIdentity[] {
  const named = plan.cluster.nodes;
  if (named) {
    const chosen = named.map((name) => ({ name, node: nodes.find((node) => node.name === name) }));
    const wrong = chosen.flatMap(({ name, node }) => (node ? unfit(node) : [`there is no node ${name}`]));
    if (wrong.length > 0) throw nodesMissing(wrong.join('; '), 'name others under cluster.nodes');
    return chosen.flatMap(({ node }) => node ?? []);
  }
  const fit = nodes.filter((node) => !node.controlPlane && unfit(node).length === 0);
  const equipped = fit.filter(({ gpus }) => GPU_RESOURCE in gpus);
  if (plan.profile === 'as-is' && equipped.length > 0) return equipped;
  if (fit.length > 0) return fit;
  const seen = nodes.map((node) => unfit(node)[0] ?? `${node.name} is a control plane`);
  throw nodesMissing(seen.join('; '), 'name the nodes that may be worked on under cluster.nodes');
}

function unfit({ closed, name, ready }: NodeIdentity): string[] {
  if (!ready) return [`${name} is not Ready`];
  return closed === undefined ? [] : [`${name} takes no pods: ${closed}`];
}

function nodesMissing(seen: string, todo: string): OrdealError {
  return new OrdealError({
    code: 'NODES_MISSING',
    exit: EXIT.unable,
    tried: 'choosing the nodes to work on',
    seen,
    todo,
  });
}

/**
 * A second plugin of a name takes its resource from the first one, with whatever runs on it.
 * @throws OrdealError GPU_RESOURCE_TAKEN (exit 4).
 */
export function checkUntaken(nodes: readonly NodeIdentity[]): void {
  const taken = nodes.filter(({ gpus }) => GPU_RESOURCE in gpus);
  if (taken.length === 0) return;
  throw new OrdealError({
    code: 'GPU_RESOURCE_TAKEN',
    exit: EXIT.unable,
    tried: `putting fake GPUs on ${taken.map(({ name }) => name).join(', ')}`,
    seen: taken
      .map(({ gpus, name }) => `${name} has ${gpus[GPU_RESOURCE]} ${GPU_RESOURCE} of its own`)
      .join('; '),
    todo: 'run it with --profile as-is, or name other nodes under cluster.nodes',
  });
}

async function checkAccess(kube: Kube, { name }: Context, plan: Plan): Promise<void> {
  const besides = plan.cluster.inCluster ? IN_CLUSTER_PERMISSIONS : [];
  const denials = await denialsOf(kube, [...permissionsFor(needOf(plan)), ...besides]);
  if (denials.length === 0) return;
  throw new OrdealError({
    code: 'ACCESS_MISSING',
    exit: EXIT.unable,
    tried: `asking whether the user of context ${name} may do what the plan needs`,
    seen: `not granted: ${denialLines(denials).join('; ')}`,
    todo: `run \`ordeal doctor --context ${name}${plan.cluster.inCluster ? ' --in-cluster' : ''}\`, which prints the ClusterRole that is missing`,
  });
}

async function checkNamespace(kube: Kube): Promise<void> {
  const refusal = await namespaceRefusal(kube);
  if (refusal === undefined) return;
  throw new OrdealError({
    code: 'NAMESPACE_REFUSED',
    exit: EXIT.unable,
    tried: 'asking for a namespace of the run’s own, without making it',
    seen: refusal,
    todo: 'let the cluster’s admission accept such namespaces, or choose another cluster',
  });
}
