import { K3sContainer } from '@testcontainers/k3s';
import {
  GenericContainer,
  getContainerRuntimeClient,
  getReaper,
  LABEL_TESTCONTAINERS_SESSION_ID,
  Wait,
} from 'testcontainers';
import { type WorkerFolders, workerMounts } from '../container-nodes/folders.ts';
import type { K3sImageSet } from '../images/k3s-images.ts';

/** From where K3s imports images before its kubelet starts. */
const AGENT_IMAGES = '/var/lib/rancher/k3s/agent/images';
const START_TIMEOUT_MS = 120_000;
/** Nothing here uses them, and their images would have to be pulled. */
const LEFT_OUT = ['traefik', 'servicelb', 'metrics-server', 'local-storage', 'coredns'];
/** Both need the machine's control groups, in its own namespace of them. */
const CGROUPS = { source: '/sys/fs/cgroup', target: '/sys/fs/cgroup' };

export interface NodeOptions {
  /** The container's name, its host name, and so the node's. */
  name: string;
  images: K3sImageSet;
  /** Docker's network that the nodes share. */
  network: string;
  labels: Record<string, string>;
  /** What flannel's vxlan goes over, where that is not the network that the nodes share. */
  flannelInterface?: string | undefined;
  /** Shared by the server and its agents. */
  token: string;
  /** Whether testcontainers' Ryuk is to remove the container should this process be killed. */
  reaped: boolean;
}

/**
 * Starts testcontainers' Ryuk, which removes what carries its session should this process be killed.
 * @returns the session's label; undefined where Ryuk's image is not to be had: `ordeal clean` has to do then.
 */
export async function startReaper(): Promise<Record<string, string> | undefined> {
  try {
    const { sessionId } = await getReaper(await getContainerRuntimeClient());
    return { [LABEL_TESTCONTAINERS_SESSION_ID]: sessionId };
  } catch {
    return undefined;
  }
}

/** The server, up: its log has said so. @returns its kubeconfig, as this machine reaches it. */
export async function startServer(options: NodeOptions): Promise<string> {
  const { flannelInterface, images, labels, name, network, reaped, token } = options;
  // The address that testcontainers reaches published ports by, which is no local one where this process is in a container.
  const { host } = (await getContainerRuntimeClient()).info.containerRuntime;
  const server = await new K3sContainer(images.nodeImage)
    .withName(name)
    .withHostname(name)
    .withLabels(labels)
    .withNetworkMode(network)
    .withAutoCleanup(reaped)
    .withEnvironment({ K3S_TOKEN: token })
    .withCommand([
      'server',
      ...LEFT_OUT.map((part) => `--disable=${part}`),
      `--tls-san=${name}`,
      `--tls-san=${host}`,
      // As on every other cluster here: workloads are for the workers.
      '--node-taint=node-role.kubernetes.io/control-plane=true:NoSchedule',
      ...overInterface(flannelInterface),
    ])
    .withStartupTimeout(START_TIMEOUT_MS)
    .start();
  return server.getKubeConfig();
}

/** An agent, running: it joins when its server answers, and the API server says when it is a node. */
export async function startAgent(
  options: NodeOptions & { server: string; folders: WorkerFolders },
): Promise<void> {
  const { flannelInterface, folders, images, labels, name, network, reaped, server, token } = options;
  await new Agent(images.nodeImage)
    .withName(name)
    .withHostname(name)
    .withLabels(labels)
    .withNetworkMode(network)
    .withAutoCleanup(reaped)
    .withPrivilegedMode()
    .withTmpFs({ '/run': 'rw', '/var/run': 'rw' })
    .withBindMounts([
      CGROUPS,
      ...workerMounts(folders),
      { source: images.workloadArchive, target: `${AGENT_IMAGES}/workload.tar`, mode: 'ro' as const },
    ])
    .withEnvironment({ K3S_TOKEN: token, K3S_URL: `https://${server}:6443` })
    .withCommand(['agent', ...overInterface(flannelInterface)])
    .withWaitStrategy(Wait.forListeningPorts())
    .withStartupTimeout(START_TIMEOUT_MS)
    .start();
}

function overInterface(name: string | undefined): string[] {
  return name === undefined ? [] : [`--flannel-iface=${name}`];
}

/** What K3sContainer does for a server and GenericContainer has no setter for. */
class Agent extends GenericContainer {
  constructor(image: string) {
    super(image);
    Object.assign(this.hostConfig, { CgroupnsMode: 'host' });
  }
}
