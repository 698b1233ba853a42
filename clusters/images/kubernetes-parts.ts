import { link, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildContext } from './context.ts';
import { packFolder, writeImageArchive } from './image-archive.ts';

export const NODE_PARTS = ['kubelet', 'kubeadm', 'kubectl'];
export const CONTROL_PLANE_PARTS = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];

/** Puts the binary that is every part of Kubernetes into a folder, with the parts' names as links to it. */
export async function installParts(
  folder: string,
  kubernetes: string,
  parts: readonly string[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await link(kubernetes, join(folder, 'kubernetes'));
  for (const part of parts) await symlink('kubernetes', join(folder, part));
}

/** The names under which this version's kubeadm wants its images: it knows them, whatever the version. */
export async function imageNames(version: string, kubernetes: string, context: BuildContext) {
  const kubeadm = join(await context.scratch(), 'kubeadm');
  await link(kubernetes, kubeadm);
  const list = await context.run([
    kubeadm,
    'config',
    'images',
    'list',
    '--kubernetes-version',
    `v${version}`,
  ]);
  const named = (part: string) => {
    const name = list.split('\n').find((line) => line.includes(`/${part}:`));
    if (!name) throw new Error(`kubeadm ${version} names no image for ${part}: ${list}`);
    return name;
  };
  return { pause: named('pause'), controlPlane: CONTROL_PLANE_PARTS.map(named) };
}

/** Writes the image that holds a pod's namespaces, under the name that a node wants it by. */
export async function writePauseArchive(
  archive: string,
  name: string,
  pause: string,
  context: BuildContext,
): Promise<void> {
  const folder = await context.scratch();
  await mkdir(join(folder, 'root'));
  await link(pause, join(folder, 'root/pause'));
  await packFolder(join(folder, 'root'), join(folder, 'layer.tar'), context);
  const image = { tags: [name], layers: [join(folder, 'layer.tar')], config: { Entrypoint: ['/pause'] } };
  await writeImageArchive(archive, image, context);
}
