import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '../../harness/clock/wait-for.ts';
import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import { burstOrThrow } from '../../harness/kube/burst.ts';
import type { Kube } from '../../harness/kube/client.ts';
import { paceMs } from '../../harness/kube/pace.ts';
import type { StepContext } from '../../harness/run/ports.ts';
import type { ClusterLeft } from '../../harness/verdict/verdict.ts';
import { nodeVersions } from '../container-nodes/usable.ts';
import { foundOn } from '../found.ts';
import type { ClusterLock } from '../lock.ts';
import type { Cluster, ClusterNode } from '../port.ts';
import { compare, type NodePicture, pictureOf, together } from './comparison.ts';
import { type FoundNetwork, foundNetwork } from './edge/network.ts';
import { GpuPods } from './gpu-pods.ts';
import type { NodeIdentity } from './identity.ts';
import { podDeadlineSeconds } from './node-namespace.ts';
import { ownNamespaces } from './objects.ts';
import { PodSite } from './plugin-proxy/site.ts';
import { WORKLOAD_POD_SECURITY } from './pod-security.ts';
import { GPU_RESOURCE, needOf, type Target } from './target.ts';

/** A kubelet writes its node's status every 10 s, or once a minute where it is told to. */
const SETTLE_MS = 75_000;

/** Someone's cluster as faults and suites see it, with how it was when it was found. */
export async function describeTarget(
  target: Target,
  lock: ClusterLock,
  context: StepContext,
): Promise<Cluster> {
  const { identity, kube, nodes: chosen, workloadImage } = target;
  const before = await pictures(kube);
  const proxies: PodSite[] = [];
  const nodes = chosen.map(({ name }, index) => ({
    ...existingNode(name, join(context.workDir, 'x', String(index))),
    proxySite(resource: string) {
      const site = proxySite({ target, node: name, resource, number: proxies.length }, context);
      proxies.push(site);
      return site;
    },
  }));
  const endProxies = async () => {
    for (const proxy of proxies.splice(0)) await proxy.end();
  };
  context.undo.push('end who puts proxies in front of plugins', endProxies);
  const worked = new Set(nodes.map(({ name }) => name));
  const evidence = chosen.every(isReal) ? 'real-kubernetes' : 'modelled';
  let network: FoundNetwork | undefined;
  const { exporter } = needOf(context.plan);
  const gpuPods = new GpuPods({ kube, nodes, image: workloadImage, exporter, context });
  return {
    name: target.context.name,
    provider: 'existing',
    kubeconfig: target.context.kubeconfig,
    evidence,
    versions: { ...(await nodeVersions(kube)), server: identity.version },
    nodeNames: nodes.map(({ name }) => name),
    found: () => foundOn(kube),
    kube,
    nodes,
    spared: identity.nodes
      .filter(({ name }) => !worked.has(name))
      .map(({ controlPlane, name }) => ({ name, role: controlPlane ? 'control-plane' : 'worker' })),
    capabilities: new Set(['daemonset-agents']),
    namespaceLabels: WORKLOAD_POD_SECURITY,
    workloadImage,
    startGpuNodes: (watch) => gpuPods.start(watch),
    stopGpuNodes: () => gpuPods.stop(),
    gpuNodePods: gpuPods.where,
    clocks: () => gpuPods.clocks(),
    async foundNetwork(step, edges) {
      const names = chosen.map(({ name }) => name);
      network = await foundNetwork(
        {
          ...{ kube, edges, nodes: names, kubeContext: target.context, image: workloadImage },
          evidence: evidence === 'modelled' ? evidence : 'real-kernel',
        },
        step,
      );
      return network;
    },
    exportLogs: (dir) => exportLogs(kube, context.runId, dir),
    async down() {
      await endProxies();
      await gpuPods.stop();
      kube.close();
    },
    async left() {
      await endProxies();
      const left = withThief(await settled(kube, before, context), lock.lost());
      return network ? { ...left, ...together(left, network.left()) } : left;
    },
  };
}

/** Where a proxy for a resource of one node stands, or would. @param number tells its pod from those of other sites */
function proxySite(
  { node, number, resource, target }: { target: Target; node: string; resource: string; number: number },
  { clock, plan, runId, signal }: StepContext,
): PodSite {
  const { context, identity, kube, workloadImage: image } = target;
  const place = {
    ...{ context: context.name, kubeconfig: context.kubeconfig, uid: identity.uid, run: runId },
    ...{ namespace: `ordeal-${runId}-proxy-${number}`, node, image, resource },
    deadlineSeconds: podDeadlineSeconds(plan),
  };
  return new PodSite({ place, kube, clock, signal });
}

/** Another run on the cluster may have done anything to this one’s. */
function withThief(left: ClusterLeft, thief: string | undefined): ClusterLeft {
  if (thief === undefined) return left;
  return {
    ...left,
    others: [...left.others, `run ${thief} took it from this one, which it heard nothing of`],
  };
}

/** By its container runtime: what runs containers as something else is a model. */
function isReal({ containerRuntime }: NodeIdentity): boolean {
  return /^(containerd|cri-o|docker):\/\//.test(containerRuntime);
}

function existingNode(name: string, stateDir: string): ClusterNode {
  const cannot = (tried: string) => async (): Promise<never> => {
    throw new OrdealError({
      code: 'NODE_CANNOT',
      exit: EXIT.unable,
      tried: `${tried} ${name}`,
      seen: 'the provider existing does not reach into nodes that are someone’s',
      todo: 'use a cluster with the capabilities toolbox and restart-kubelet: embedded or kind',
    });
  };
  return {
    name,
    role: 'worker',
    stateDir,
    kubeletDirs: undefined,
    exec: cannot('running a command on'),
    restartKubelet: cannot('restarting the kubelet of'),
  };
}

async function pictures(kube: Kube): Promise<NodePicture[]> {
  return (await kube.core.listNode()).items.map(pictureOf);
}

/** What differs once the kubelets had time to tell of what was undone. */
async function settled(
  kube: Kube,
  before: readonly NodePicture[],
  { clock, progress, runId }: StepContext,
): Promise<ClusterLeft> {
  let left: ClusterLeft | undefined;
  const look = async () => {
    const objects = (await ownNamespaces(kube, runId)).map((name) => `Namespace ${name}`);
    left = compare(before, { nodes: await pictures(kube), objects }, GPU_RESOURCE);
    return left.ours.length + left.others.length === 0;
  };
  progress('existing: comparing the cluster with how it was found');
  await waitFor(look, {
    what: 'the cluster as it was found',
    deadlineMs: SETTLE_MS,
    intervalMs: paceMs(before.length, 1_000),
    clock,
  }).catch((error: unknown) => {
    // What still differs then is the answer.
    if (!(error instanceof OrdealError && error.code === 'WAIT_DEADLINE')) throw error;
  });
  return left as ClusterLeft;
}

/** The pods of the run's own namespaces, and what their containers said. Nothing of anybody else's. */
async function exportLogs(kube: Kube, runId: string, dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const namespace of await ownNamespaces(kube, runId)) {
    const { items } = await kube.core.listNamespacedPod({ namespace });
    await writeFile(join(dir, `${namespace}.json`), JSON.stringify(items, undefined, 2));
    const containers = items.flatMap(({ metadata, spec }) =>
      (spec?.containers ?? []).map(({ name: container }) => ({ name: metadata?.name ?? '', container })),
    );
    await burstOrThrow(containers, async ({ container, name }) => {
      // A container that never started has no log.
      const log = await kube.core.readNamespacedPodLog({ namespace, name, container }).catch(() => '');
      if (log) await writeFile(join(dir, `${namespace}_${name}_${container}.log`), log);
    });
  }
}
