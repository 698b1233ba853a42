import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemClock } from '../../harness/clock/clock.ts';
import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import { run } from '../../harness/exec/exec.ts';
import { preload } from '../../harness/modules/preload.ts';
import type { Provider, StepContext } from '../../harness/run/ports.ts';
import { mountSource, networkMadeAt } from '../container-nodes/docker.ts';
import { refuseEndedNode } from '../container-nodes/ended.ts';
import { NODE_STATE, prepareFolders, workerFolders } from '../container-nodes/folders.ts';
import { detachedFolder, ownName } from '../container-nodes/names.ts';
import { findImages, type ImageSet, readyImages } from '../images/images.ts';
import { plainVersion } from '../images/versions.ts';
import { isAbandoned, writeOwner } from '../owner.ts';
import type { Cluster } from '../port.ts';
import { claim, claimedClusters, claimedFolder } from './claims.ts';
import { kindConfig } from './config.ts';
import { CLUSTER_LABEL, cgroupVersion, nodeContainers, nodeNames, ownClusters } from './docker.ts';
import { exportLogs } from './logs.ts';
import { kindReadiness } from './readiness.ts';
import { deleteCluster } from './remove.ts';
import { upgradedTo } from './upgrade.ts';

const DEFAULT_WORKERS = 2;
const CREATE_TIMEOUT_MS = 300_000;

/** Kubernetes itself, in containers of this machine: kind's control plane and workers. */
export const kindProvider: Provider<Cluster> = {
  name: 'kind',
  readiness: kindReadiness,

  async up(context) {
    const name = ownName(context.plan.cluster.name ?? context.runId);
    const folder = join(context.workDir, 'k');
    await refuseExisting(name);
    context.undo.push(`delete the kind cluster ${name}`, async () => {
      await deleteCluster(name, folder);
    });
    return await create(name, folder, context);
  },

  async upDetached(context) {
    const name = ownName(context.plan.cluster.name ?? context.runId);
    const folder = detachedFolder(name);
    await refuseExisting(name);
    try {
      const cluster = await create(name, folder, context);
      await writeOwner(folder, null);
      cluster.kube.close();
      return { name, kubeconfig: cluster.kubeconfig };
    } catch (error) {
      await deleteCluster(name, folder);
      throw error;
    }
  },

  async attach(name, context, accept) {
    const own = ownName(name);
    const containers = await nodeContainers(own);
    const folder = await clusterFolder(own);
    if (containers.length === 0 || !folder) return undefined;
    const kubeconfig = join(folder, 'kubeconfig');
    const { joinCluster, kubernetesOf } = await loadCluster();
    const { lockedFor } = await import('../lock.ts');
    const images = await imagesOf(await kubernetesOf(kubeconfig), context);
    const workers = Array.from({ length: containers.length - 1 }, (_, index) => workerFolders(folder, index));
    const cluster = await joinCluster({ name: own, folder, kubeconfig, images, workers }, context);
    return await lockedFor(cluster, context, accept);
  },

  async down(name) {
    const own = ownName(name);
    return deleteCluster(own, await clusterFolder(own));
  },

  async clean() {
    const removed: string[] = [];
    const names = new Set([...(await ownClusters()), ...(await claimedClusters())]);
    for (const name of names) {
      const folder = await clusterFolder(name);
      if (folder ? !(await isAbandoned(folder)) : await mayBeginYet(name)) continue;
      if (await deleteCluster(name, folder)) removed.push(`kind cluster ${name}`);
    }
    return removed;
  },
};

async function create(name: string, folder: string, context: StepContext): Promise<Cluster> {
  const [images, cgroups] = await Promise.all([
    imagesOf(plainVersion(context.plan.cluster.kubernetes), context),
    cgroupVersion(),
  ]);
  const to = upgradedTo(context.plan);
  const next = to === undefined ? undefined : await imagesOf(to, context);
  if (next) refuseStock([images, next]);
  const workers = await prepareFolders(folder, context.plan.cluster.workers ?? DEFAULT_WORKERS);
  await claim(name, folder);
  const created = { name, folder, kubeconfig: join(folder, 'kubeconfig'), images, workers, next };
  const upgrades = next !== undefined;
  await writeFile(configFile(folder), kindConfig({ images, workers, cgroups, upgrades }));
  context.progress(`kind: creating ${name} (Kubernetes ${images.kubernetes})`);
  try {
    // While kind looks around on one processor; then its nodes boot, and take all that there are.
    const bare = createBare(created, context);
    const [{ joinCluster }] = await Promise.all([loadCluster(), bare]);
    return await joinCluster(created, context);
  } catch (error) {
    context.signal.throwIfAborted();
    const logs = join(context.outDir, 'cluster-logs');
    await exportLogs(name, logs).catch((reason: unknown) => context.log.warn({ reason }, 'no cluster logs'));
    // A node that ended says more than kind, which waited for a line of its log.
    await refuseEndedNode('KIND_NODE_ENDED', CLUSTER_LABEL, name);
    throw error;
  }
}

/** What speaks to the API server is a thousand modules. */
async function loadCluster(): Promise<typeof import('./cluster.ts')> {
  preload('@kubernetes/client-node');
  return await import('./cluster.ts');
}

/** A file, and not kind's standard input: this process would have to be free to write it. */
function configFile(folder: string): string {
  return join(folder, 'kind.yaml');
}

async function createBare(
  { folder, kubeconfig, name }: { folder: string; kubeconfig: string; name: string },
  { signal }: StepContext,
): Promise<void> {
  // What failed is kept, for its logs; the undo removes it.
  const options = ['--name', name, '--config', configFile(folder), '--kubeconfig', kubeconfig, '--retain'];
  await run(['kind', 'create', 'cluster', ...options], {
    timeoutMs: CREATE_TIMEOUT_MS,
    signal,
    // A network of its own goes with the cluster; kind's shared one would stay behind.
    env: { KIND_EXPERIMENTAL_DOCKER_NETWORK: name },
  });
}

async function imagesOf(kubernetes: string, context: StepContext): Promise<ImageSet> {
  const images = await findImages(kubernetes);
  if (!images) {
    throw new OrdealError({
      code: 'KIND_IMAGES_MISSING',
      exit: EXIT.unable,
      tried: `finding the node and workload images of Kubernetes ${kubernetes}`,
      seen: 'they are not on this machine, or were made from other sources than these',
      todo: `run \`ordeal images build --kubernetes ${kubernetes}\` (as root where no image registry can be reached)`,
    });
  }
  await readyImages(images, { signal: context.signal, progress: context.progress });
  return images;
}

/** Of a stock node image nobody here knows what is where in it. */
function refuseStock(images: readonly ImageSet[]): void {
  const stock = images.find(({ source }) => source !== 'local');
  if (!stock) return;
  throw new OrdealError({
    code: 'KIND_CANNOT_UPGRADE',
    exit: EXIT.unable,
    tried: 'preparing an upgrade in place',
    seen: `the node image of Kubernetes ${stock.kubernetes} is a stock one, from a registry`,
    todo: `run \`ordeal images build --source local --kubernetes ${stock.kubernetes}\` as root`,
  });
}

/** Before any undo is registered: it would remove what somebody else brought up. */
async function refuseExisting(name: string): Promise<void> {
  if ((await nodeContainers(name)).length === 0) return;
  throw new OrdealError({
    code: 'KIND_CLUSTER_EXISTS',
    exit: EXIT.unable,
    tried: `creating the kind cluster ${name}`,
    seen: 'there is one of that name',
    todo: `run \`ordeal down ${name}\`, or give the cluster another name in the plan`,
  });
}

/** One that somebody with another state folder is making, as far as is known: until its workers are there nothing tells whose it is. */
async function mayBeginYet(name: string): Promise<boolean> {
  const made = await networkMadeAt(name);
  return made !== undefined && systemClock.wall() - made < CREATE_TIMEOUT_MS;
}

/** A cluster's folder on this machine, as it was claimed, or as its first worker's mounts tell it. */
async function clusterFolder(name: string): Promise<string | undefined> {
  const claimed = await claimedFolder(name);
  if (claimed) return claimed;
  const [worker] = nodeNames(name, 1).workers;
  const state = worker && (await mountSource(worker, NODE_STATE));
  return state ? dirname(dirname(state)) : undefined;
}
