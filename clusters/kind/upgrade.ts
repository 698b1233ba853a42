import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run, tryRun } from '../../harness/exec/exec.ts';
import { withoutV } from '../../harness/kube/version.ts';
import type { Plan } from '../../harness/plan/schema.ts';
import type { ImageSet } from '../images/images.ts';
import type { ClusterUpgrade } from '../port.ts';
import { CLUSTER_LABEL, nodeNames } from './docker.ts';

/** Where a node image made here has the program that is every part of Kubernetes, and the images of its control plane. */
const PROGRAM = '/usr/bin/kubernetes';
const CONTROL_PLANE = '/kind/images/control-plane/kubernetes.tar';

/** What pulls, or looks after, what is not there: images from a registry, kube-proxy and DNS. */
const SKIPPED = '--skip-phases=preflight,addon';
const KUBEADM_MS = 600_000;
/** A hundred megabytes and more, on a busy machine. */
const COPY_MS = 180_000;

/** The version that the plan's faults bring its cluster to, where one does. */
export function upgradedTo({ suites }: Plan): string | undefined {
  const faults = suites.flatMap(({ faults = [] }) => faults);
  const to = faults.find(({ kind }) => kind === 'cluster/upgrade')?.with.to;
  return typeof to === 'string' ? withoutV(to) : undefined;
}

/**
 * The upgrade of a cluster whose nodes were made here to the version of another node image that was: its program takes the
 * place of theirs, by kubeadm's own order on the control plane.
 */
export function kindUpgrade(cluster: { name: string; folder: string }, images: ImageSet): ClusterUpgrade {
  const { controlPlane } = nodeNames(cluster.name, 0);
  let parts: Promise<string> | undefined;
  return {
    to: images.kubernetes,
    kubectl: ['docker', 'exec', controlPlane, 'kubectl', '--kubeconfig', '/etc/kubernetes/admin.conf'],
    async swap({ name, role }) {
      // What failed may not fail the next time: a node that is half-way is finished.
      parts ??= partsOf(cluster, images).catch((error: unknown) => {
        parts = undefined;
        throw error;
      });
      const folder = await parts;
      const inNode = (...argv: string[]) => run(['docker', 'exec', name, ...argv], { timeoutMs: KUBEADM_MS });
      await put(join(folder, 'kubernetes'), name, `${PROGRAM}.next`);
      // Whatever runs goes on with the file that it has.
      await inNode('mv', `${PROGRAM}.next`, PROGRAM);
      if (role === 'control-plane') {
        await put(join(folder, 'kubernetes.tar'), name, CONTROL_PLANE);
        await inNode('ctr', '--namespace', 'k8s.io', 'images', 'import', CONTROL_PLANE);
        const options = ['--yes', '--certificate-renewal=false', SKIPPED];
        await inNode('kubeadm', 'upgrade', 'apply', `v${images.kubernetes}`, ...options);
      } else {
        await inNode('kubeadm', 'upgrade', 'node', SKIPPED);
      }
      await inNode('systemctl', 'restart', 'kubelet');
    },
  };
}

/** Takes the parts out of the node image, into a folder that goes with the cluster's. */
async function partsOf(
  { folder, name }: { name: string; folder: string },
  images: ImageSet,
): Promise<string> {
  const into = join(folder, 'upgrade');
  await mkdir(into, { recursive: true });
  // As kind's own it goes with the cluster, should nobody be left to remove it.
  const label = `${CLUSTER_LABEL}=${name}`;
  const { stdout: container } = await run(['docker', 'create', '--label', label, images.nodeImage]);
  try {
    for (const path of [PROGRAM, CONTROL_PLANE])
      await run(['docker', 'cp', `${container}:${path}`, into], { timeoutMs: COPY_MS });
  } finally {
    await tryRun(['docker', 'rm', container]);
  }
  return into;
}

async function put(file: string, node: string, path: string): Promise<void> {
  await run(['docker', 'cp', file, `${node}:${path}`], { timeoutMs: COPY_MS });
}
