import { stringify } from 'yaml';
import { type WorkerFolders, workerMounts } from '../container-nodes/folders.ts';
import type { ImageSet } from '../images/images.ts';

/** Where a node finds the workload image's archive; the node image made here imports what lies there when it boots. */
export const MOUNTED_IMAGES = '/kind/images/mounted';

export interface KindConfigOptions {
  images: ImageSet;
  workers: WorkerFolders[];
  /** Of this machine, as Docker says it. */
  cgroups: 'v1' | 'v2';
  /** Whether its API server is to be started anew while pods are watched. */
  upgrades?: boolean;
}

/** kind's own configuration of a cluster: one control plane, the workers with their folders on this machine. */
export function kindConfig({ images, workers, cgroups, upgrades = false }: KindConfigOptions): string {
  const image = images.nodeImage;
  const archives = images.workloadArchive.slice(0, images.workloadArchive.lastIndexOf('/'));
  return stringify({
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    // The image made here brings a bridge for its node's pods, to which pod-network.ts adds what is between nodes, and
    // neither kube-proxy nor DNS: nothing here uses a Service.
    ...(images.source === 'local' && { networking: { disableDefaultCNI: true, kubeProxyMode: 'none' } }),
    nodes: [
      { role: 'control-plane', image },
      ...workers.map((worker) => ({
        role: 'worker',
        image,
        extraMounts: [
          ...workerMounts(worker).map(({ source, target }) => ({ hostPath: source, containerPath: target })),
          { hostPath: archives, containerPath: MOUNTED_IMAGES, readOnly: true },
        ],
      })),
    ],
    kubeadmConfigPatches: [
      ...(images.source === 'local' ? skippedPhases(images.kubernetes) : []),
      ...(upgrades ? [restartedApiServer(images.kubernetes)] : []),
      stringify({
        apiVersion: 'kubelet.config.k8s.io/v1beta1',
        kind: 'KubeletConfiguration',
        ...NODE_STATUS,
        ...(images.source === 'local' && { cgroupDriver: 'cgroupfs' }),
        ...(cgroups === 'v1' && minor(images.kubernetes) >= FAIL_CGROUP_V1_SINCE && { failCgroupV1: false }),
      }),
    ],
  });
}

/**
 * A kubelet looks every 10 s, unless told, whether its node still has what the API server says that it has: a plugin may
 * be gone and back between two looks, and everyone who waits for a device waits for the next. What has not changed is
 * told as rarely as ever; that has to be said, for a kubelet else does it at every look.
 */
const NODE_STATUS = { nodeStatusUpdateFrequency: '2s', nodeStatusReportFrequency: '5m' };

/** The minor of Kubernetes 1 that brought failCgroupV1; a kubelet before it refuses a field that it does not know. */
const FAIL_CGROUP_V1_SINCE = 31;
/** The minor from which kind writes kubeadm's v1beta4; a patch bites only on the version it names. */
const KUBEADM_V1BETA4_SINCE = 36;

/** kind's own list (preflight) is replaced by a patch, not added to: it has to be said again. */
function skippedPhases(kubernetes: string): string[] {
  const apiVersion = kubeadmVersion(kubernetes);
  return [
    stringify({
      apiVersion,
      kind: 'InitConfiguration',
      skipPhases: ['preflight', 'addon/coredns', 'addon/kube-proxy'],
    }),
    stringify({ apiVersion, kind: 'JoinConfiguration', skipPhases: ['preflight'] }),
  ];
}

/**
 * An API server that has just started knows nothing of before, but what its etcd still has: a watch of pods that goes by its
 * cache would have to list them anew, and nobody would know what became of them in between. And one that is told to stop waits
 * for the watches of others, unless told for how long, until it is killed 30 s later.
 */
const RESTARTED_API_SERVER = {
  'watch-cache-sizes': 'pods#0',
  'shutdown-watch-termination-grace-period': '1s',
};

function restartedApiServer(kubernetes: string): string {
  const before = minor(kubernetes) < KUBEADM_V1BETA4_SINCE;
  const extraArgs = before
    ? RESTARTED_API_SERVER
    : Object.entries(RESTARTED_API_SERVER).map(([name, value]) => ({ name, value }));
  return stringify({
    apiVersion: kubeadmVersion(kubernetes),
    kind: 'ClusterConfiguration',
    apiServer: { extraArgs },
  });
}

function kubeadmVersion(kubernetes: string): string {
  return `kubeadm.k8s.io/${minor(kubernetes) >= KUBEADM_V1BETA4_SINCE ? 'v1beta4' : 'v1beta3'}`;
}

export function minor(kubernetes: string): number {
  return Number(kubernetes.split('.')[1]);
}
