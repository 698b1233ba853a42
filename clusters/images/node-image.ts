import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached, contentKey, folderContents } from './cache.ts';
import type { BuildContext } from './context.ts';
import { buildKubernetes, buildPause, kubernetesKey, pauseKey } from './go-binary.ts';
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

const TEMPLATES = join(import.meta.dirname, 'node-root');
/** Units of the node that start with it; what else Debian starts has no part in a node. */
const STARTED_UNITS = ['containerd.service', 'kubelet.service', 'ordeal-cni.path', 'ordeal-images.service'];
const MASKED_UNITS = [
  'dev-hugepages.mount',
  'dev-mqueue.mount',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'e2scrub_reap.service',
  'fstrim.timer',
  'getty.target',
  'modprobe@.service',
  'nftables.service',
  'sys-fs-fuse-connections.mount',
  'sys-kernel-config.mount',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  'systemd-logind.service',
  'systemd-modules-load.service',
  'systemd-remount-fs.service',
  'systemd-sysusers.service',
  'systemd-udevd.service',
  'systemd-update-utmp.service',
];

/** The tag of the node image for a Kubernetes version (`1.34.4`), with the key of all that it is made of. */
export async function nodeImageTag(version: string): Promise<string> {
  const key = contentKey(
    await kubernetesKey(version),
    await pauseKey(),
    rootFsKey(),
    ...NODE_PARTS,
    ...CONTROL_PLANE_PARTS,
    ...STARTED_UNITS,
    ...MASKED_UNITS,
    ...(await folderContents(TEMPLATES)),
  );
  return `localhost/ordeal-node:v${version}-${key}`;
}

/** The node image's archive: a Debian with systemd and containerd, Kubernetes, and the images a control plane starts. */
export async function buildNodeArchive(
  version: string,
  archive: string,
  context: BuildContext,
): Promise<string> {
  return cached(archive, async (partial) => {
    const kubernetes = await buildKubernetes(version, context);
    const pause = await buildPause(context);
    const root = await buildRootFs(context);
    context.progress(`node image ${version}: assembling`);

    const images = await imageNames(version, kubernetes, context);
    const folder = await context.scratch();
    const stage = join(folder, 'root');
    await cp(TEMPLATES, stage, { recursive: true });
    await fillIn(join(stage, 'etc/containerd/config.toml'), { pause: images.pause });
    await writeFile(join(stage, 'kind/version'), `v${version}`);
    await installParts(join(stage, 'usr/bin'), kubernetes, NODE_PARTS);
    await linkUnits(join(stage, 'etc/systemd/system'));

    await writeImageArchive(
      join(stage, 'kind/images/control-plane/kubernetes.tar'),
      {
        tags: images.controlPlane,
        layers: [await controlPlaneLayer(kubernetes, context)],
        config: { Env: ['PATH=/usr/local/bin'] },
      },
      context,
    );
    await writePauseArchive(join(stage, 'kind/images/node/pause.tar'), images.pause, pause, context);

    const layer = join(folder, 'layer.tar');
    await packFolder(stage, layer, context);
    await writeImageArchive(
      partial,
      {
        tags: [await nodeImageTag(version)],
        layers: [root.node, layer],
        config: {
          Env: ['container=docker', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
          Entrypoint: ['/usr/local/bin/entrypoint', '/sbin/init'],
          // systemd's own signal for an orderly halt.
          StopSignal: 'SIGRTMIN+3',
        },
      },
      context,
    );
  });
}

async function controlPlaneLayer(kubernetes: string, context: BuildContext): Promise<string> {
  const folder = await context.scratch();
  await installParts(join(folder, 'root/usr/local/bin'), kubernetes, CONTROL_PLANE_PARTS);
  await packFolder(join(folder, 'root'), join(folder, 'layer.tar'), context);
  return join(folder, 'layer.tar');
}

/** What `systemctl enable` and `systemctl mask` would do, on a root that no systemd runs in yet. */
async function linkUnits(folder: string): Promise<void> {
  const wanted = join(folder, 'multi-user.target.wants');
  await mkdir(wanted, { recursive: true });
  for (const unit of STARTED_UNITS) {
    const home = unit === 'containerd.service' ? '/lib/systemd/system' : '/etc/systemd/system';
    await symlink(join(home, unit), join(wanted, unit));
  }
  for (const unit of MASKED_UNITS) await symlink('/dev/null', join(folder, unit));
  await symlink('/lib/systemd/system/multi-user.target', join(folder, 'default.target'));
}
