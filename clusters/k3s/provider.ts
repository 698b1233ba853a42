import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT, messageOf, OrdealError } from '../../harness/errors/error.ts';
import { redactor } from '../../harness/redact/own.ts';
import type { Provider, StepContext } from '../../harness/run/ports.ts';
import { prepareFolders } from '../container-nodes/folders.ts';
import { detachedFolder, ownName } from '../container-nodes/names.ts';
import { findK3sImages, type K3sImageSet, k3sName, readyK3sImages } from '../images/k3s-images.ts';
import { readyToolbox } from '../images/toolbox-image.ts';
import { plainVersion } from '../images/versions.ts';
import { type NodesNetwork, nodeContainer, nodesLab, tunnelDevice } from '../network/nodes/lab.ts';
import { isAbandoned, writeOwner } from '../owner.ts';
import type { Cluster } from '../port.ts';
import { exportLogs, joinCluster, type NodeNames, nodeNames, refuseEnded } from './cluster.ts';
import {
  clusterFolder,
  deleteCluster,
  deleteContainers,
  labelsOf,
  makeNetwork,
  ownClusters,
  untilRunning,
} from './containers.ts';
import { k3sReadiness } from './readiness.ts';

/** The incident's plant. */
const DEFAULT_WORKERS = 5;

/** K3s in containers of this machine: a server, which is the cloud, and agents, which are the plant. */
export const k3sProvider: Provider<Cluster> = {
  name: 'k3s',
  readiness: k3sReadiness,

  async up(context) {
    const name = ownName(context.plan.cluster.name ?? context.runId);
    const folder = join(context.workDir, 'k');
    await refuseExisting(name);
    const starts = new Starts();
    context.undo.push(`remove the K3s cluster ${name}`, () => starts.undo(name, folder));
    return await create({ name, folder, stays: false, starts }, context);
  },

  async upDetached(context) {
    if (context.plan.cluster.tunnel) throw tunnelEnds();
    const name = ownName(context.plan.cluster.name ?? context.runId);
    const folder = detachedFolder(name);
    await refuseExisting(name);
    const starts = new Starts();
    try {
      const cluster = await create({ name, folder, stays: true, starts }, context);
      await writeOwner(folder, null);
      cluster.kube.close();
      return { name, kubeconfig: cluster.kubeconfig };
    } catch (error) {
      await starts.undo(name, folder);
      throw error;
    }
  },

  async down(name) {
    const own = ownName(name);
    return deleteCluster(own, await clusterFolder(own));
  },

  async clean() {
    const removed: string[] = [];
    for (const name of await ownClusters()) {
      const folder = await clusterFolder(name);
      if (folder && !(await isAbandoned(folder))) continue;
      if (await deleteCluster(name, folder)) removed.push(`k3s cluster ${name}`);
    }
    return removed;
  },
};

/** Starts of containers under way: testcontainers cannot be told to stop, and may make one after the rest was removed. */
class Starts {
  readonly #all: Promise<unknown>[] = [];

  add<T>(start: Promise<T>): Promise<T> {
    this.#all.push(start);
    return start;
  }

  async undo(name: string, folder: string): Promise<void> {
    await deleteContainers(name);
    // What was waited for in them is over now.
    await Promise.allSettled(this.#all);
    await deleteCluster(name, folder);
  }
}

interface Created {
  name: string;
  folder: string;
  /** Beyond this process. */
  stays: boolean;
  starts: Starts;
}

async function create({ name, folder, stays, starts }: Created, context: StepContext): Promise<Cluster> {
  const { plan, signal } = context;
  const { tunnel } = plan.cluster;
  const images = await imagesOf(plainVersion(plan.cluster.kubernetes), context);
  const workers = await prepareFolders(folder, plan.cluster.workers ?? DEFAULT_WORKERS);
  const names = nodeNames(name, workers.length);
  context.progress(`${k3sName(images)}: starting ${name} (Kubernetes ${images.kubernetes})`);
  // Loaded where it is used: the command line has no need of it.
  const { startAgent, startServer, startReaper } = await import('./nodes.ts');
  // A cluster that stays must not go with its process.
  const session = stays ? undefined : await startReaper();
  const labels = { ...labelsOf(name, folder), ...session };
  const network = `${name}-k3s`;
  await makeNetwork(network, labels);
  const token = randomBytes(16).toString('hex');
  redactor.learn(token);
  signal.throwIfAborted();
  const common = { images, network, labels, token, reaped: session !== undefined };
  try {
    const flannelInterface = (end: 'cloud' | number) => (tunnel ? tunnelDevice(end) : undefined);
    const server = starts.add(
      startServer({ ...common, name: names.server, flannelInterface: flannelInterface('cloud') }),
    );
    const agents = workers.map((folders, index) =>
      starts.add(
        startAgent({
          ...{ ...common, name: names.agents[index] as string, server: names.server, folders },
          flannelInterface: flannelInterface(index),
        }),
      ),
    );
    const links = tunnel ? layLinks(names, context) : undefined;
    const [config] = await orAborted(Promise.all([server, links, ...agents]), signal);
    const kubeconfig = join(folder, 'kubeconfig');
    await writeFile(kubeconfig, config, { mode: 0o600 });
    return await joinCluster({ name, folder, kubeconfig, images, workers, links: await links }, context);
  } catch (error) {
    signal.throwIfAborted();
    const logs = join(context.outDir, 'cluster-logs');
    await exportLogs(name, logs).catch((reason: unknown) => context.log.warn({ reason }, 'no cluster logs'));
    // A node that ended says more than the wait for it.
    await refuseEnded(name);
    throw startFailed(name, error);
  }
}

/** A NIC in every agent's wire and a tunnel over it, while the nodes boot: their flannel waits for its interface. */
async function layLinks(names: NodeNames, context: StepContext): Promise<NodesNetwork> {
  const { progress, runId, signal, undo } = context;
  const [image] = await Promise.all([
    readyToolbox({ progress, signal }),
    untilRunning([names.server, ...names.agents], signal),
  ]);
  return await nodesLab({
    ...{ image, runId, signal, undo },
    cloud: nodeContainer(names.server),
    edges: names.agents.map(nodeContainer),
    podNetworkOverTunnel: true,
  });
}

async function imagesOf(kubernetes: string, context: StepContext): Promise<K3sImageSet> {
  const images = await findK3sImages(kubernetes);
  if (!images) {
    throw new OrdealError({
      code: 'K3S_IMAGES_MISSING',
      exit: EXIT.unable,
      tried: `finding K3s, or its double, and the workload image for Kubernetes ${kubernetes}`,
      seen: 'they are not on this machine, or were made from other sources than these',
      todo: `run \`ordeal images build --cluster k3s --kubernetes ${kubernetes}\` (as root where no image registry can be reached)`,
    });
  }
  await readyK3sImages(images, { signal: context.signal, progress: context.progress });
  return images;
}

/** What keeps a tunnel is a container that ends with this process. */
function tunnelEnds(): OrdealError {
  return new OrdealError({
    code: 'K3S_TUNNEL_ENDS',
    exit: EXIT.unable,
    tried: 'bringing up a K3s cluster that stays, with cluster.tunnel',
    seen: 'its tunnels would end with this command',
    todo: 'leave cluster.tunnel out: `ordeal run --suite edge --cluster k3s` lays them for as long as it runs',
  });
}

/** Before any undo is registered: it would remove what somebody else brought up. */
async function refuseExisting(name: string): Promise<void> {
  if (!(await ownClusters()).includes(name)) return;
  throw new OrdealError({
    code: 'K3S_CLUSTER_EXISTS',
    exit: EXIT.unable,
    tried: `creating the K3s cluster ${name}`,
    seen: 'there is one of that name, or what was left of one',
    todo: `run \`ordeal down ${name}\`, or give the cluster another name in the plan`,
  });
}

/** testcontainers' errors are its own: they get a code, and what to do. */
function startFailed(name: string, error: unknown): unknown {
  if (error instanceof OrdealError) return error;
  return new OrdealError({
    code: 'K3S_START_FAILED',
    exit: EXIT.unable,
    tried: `starting the containers of ${name}`,
    seen: messageOf(error),
    todo: 'look at cluster-logs in the run’s folder, and at `ordeal doctor`',
    cause: error,
  });
}

/** What `work` gives, unless the signal aborts from now on: its reason then, while the work goes on. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const done = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: done.signal });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    done.abort();
  }
}
