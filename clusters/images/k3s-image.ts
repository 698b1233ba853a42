/**
 * The K3s double: K3s's contract (entry point, options, environment, files, flannel) with upstream Kubernetes inside, for
 * machines that no registry gives rancher/k3s. What runs it has to say that it is the double.
 */
import { copyFile, cp, link, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached, contentKey, folderContents } from './cache.ts';
import type { BuildContext } from './context.ts';
import {
  buildFlannel,
  buildKubernetes,
  buildPause,
  flannelKey,
  kubernetesKey,
  pauseKey,
} from './go-binary.ts';
import { packFolder, writeImageArchive } from './image-archive.ts';
import {
  CONTROL_PLANE_PARTS,
  imageNames,
  installParts,
  NODE_PARTS,
  writePauseArchive,
} from './kubernetes-parts.ts';
import { buildRootFs, rootFsKey } from './root-fs.ts';
import { fillIn } from './template.ts';

const TEMPLATES = join(import.meta.dirname, 'k3s-root');
/** The kind node's own: the same containerd of the same Debian. */
const CONTAINERD_CONFIG = join(import.meta.dirname, 'node-root', 'etc', 'containerd');
const LIBRARY = 'usr/lib/ordeal-k3s';
/** An overlay cannot lie on an overlay: containerd's snapshots and the pods' volumes need a file system below them. */
const VOLUMES = ['/var/lib/rancher/k3s', '/var/lib/kubelet', '/var/lib/cni', '/var/log'];

/** The tag of the double for a Kubernetes version (`1.34.4`), with the key of all that it is made of. */
export async function k3sDoubleTag(version: string): Promise<string> {
  const key = contentKey(
    await kubernetesKey(version),
    await flannelKey(),
    await pauseKey(),
    rootFsKey(),
    ...NODE_PARTS,
    ...CONTROL_PLANE_PARTS,
    ...VOLUMES,
    ...(await folderContents(CONTAINERD_CONFIG)),
    ...(await folderContents(TEMPLATES)),
  );
  return `localhost/ordeal-k3s-double:v${version}-${key}`;
}

export async function buildK3sDouble(
  version: string,
  archive: string,
  context: BuildContext,
): Promise<string> {
  return cached(archive, async (partial) => {
    const kubernetes = await buildKubernetes(version, context);
    const flannel = await buildFlannel(context);
    const pause = await buildPause(context);
    const root = await buildRootFs(context);
    context.progress(`K3s double ${version}: assembling`);

    const images = await imageNames(version, kubernetes, context);
    const folder = await context.scratch();
    const stage = join(folder, 'root');
    await cp(TEMPLATES, stage, { recursive: true });
    await mkdir(join(stage, 'etc/containerd'), { recursive: true });
    const config = join(stage, 'etc/containerd/config.toml');
    await copyFile(join(CONTAINERD_CONFIG, 'config.toml'), config);
    await fillIn(config, { pause: images.pause });
    await writeFile(join(stage, LIBRARY, 'version'), `v${version}\n`);
    await installParts(join(stage, 'usr/bin'), kubernetes, [...NODE_PARTS, ...CONTROL_PLANE_PARTS]);
    await link(flannel, join(stage, 'usr/bin/flannel'));
    const pauseArchive = join(stage, 'usr/share/ordeal-k3s/images/pause.tar');
    await writePauseArchive(pauseArchive, images.pause, pause, context);

    const layer = join(folder, 'layer.tar');
    await packFolder(stage, layer, context);
    await writeImageArchive(
      partial,
      {
        tags: [await k3sDoubleTag(version)],
        layers: [root.node, layer],
        config: {
          Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
          Entrypoint: ['/bin/k3s'],
          Cmd: ['agent'],
          Volumes: Object.fromEntries(VOLUMES.map((path) => [path, {}])),
        },
      },
      context,
    );
  });
}
