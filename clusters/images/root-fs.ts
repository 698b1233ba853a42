import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import { cached, contentKey, exists } from './cache.ts';
import type { BuildContext } from './context.ts';

const SUITE = 'bookworm';

/** What a node's root holds beyond Debian's essential packages. */
const NODE_PACKAGES = [
  'ca-certificates',
  'conntrack',
  'containerd',
  'containernetworking-plugins',
  'crun',
  'ethtool',
  'iproute2',
  'iptables',
  'jq',
  'kmod',
  'libatomic1',
  'libstdc++6',
  'nftables',
  'procps',
  'socat',
  'systemd',
  'systemd-sysv',
];

/** Packages whose programs are the root of a workload's container. */
const WORKLOAD_PACKAGES = ['dash', 'coreutils', 'grep', 'sed'];
/** What the published builds of Node are linked to, by the loader's name for it. */
const NODE_LIBRARIES = [
  'libatomic.so.1',
  'libc.so.6',
  'libdl.so.2',
  'libgcc_s.so.1',
  'libm.so.6',
  'libpthread.so.0',
  'libstdc++.so.6',
];

/** Read by nobody in a container, and half of the root. */
const LEFT_OUT = [
  'usr/share/doc',
  'usr/share/man',
  'usr/share/locale',
  'usr/share/info',
  'usr/share/zoneinfo',
  'usr/lib/udev/hwdb.d',
  'var/cache/apt',
  'var/lib/apt',
  'var/log',
  'dev',
];

export interface RootFs {
  /** A whole Debian with systemd, containerd and what a kubelet calls. */
  node: string;
  /** A shell, the core utilities and the libraries that Node needs. */
  workload: string;
}

export function rootFsKey(): string {
  return contentKey(
    SUITE,
    process.arch,
    ...NODE_PACKAGES,
    ...WORKLOAD_PACKAGES,
    ...NODE_LIBRARIES,
    ...LEFT_OUT,
  );
}

/**
 * The roots of both images as tar archives, made by debootstrap: packages are installed in the root they are for, for
 * a package that is only unpacked there replaces the links that /lib and /sbin are.
 * @throws OrdealError IMAGES_NEED_ROOT (exit 4).
 */
export async function buildRootFs(context: BuildContext): Promise<RootFs> {
  const folder = await cached(rootFsFolder(context.cache), async (partial) => {
    const root = await installDebian('a node’s root', NODE_PACKAGES, context);
    await mkdir(partial);
    await packWorkload(root, join(partial, 'workload.tar'), context);
    await packRoot(root, join(partial, 'node.tar'), context);
  });
  return { node: join(folder, 'node.tar'), workload: join(folder, 'workload.tar') };
}

/** The folder of a Debian with these packages and what they depend on. */
async function installDebian(
  what: string,
  packages: readonly string[],
  context: BuildContext,
): Promise<string> {
  requireRoot();
  const root = join(await context.scratch(), 'root');
  context.progress(`Debian ${SUITE}: installing ${what}`);
  await context.run(['debootstrap', '--variant=minbase', `--include=${packages.join(',')}`, SUITE, root]);
  context.progress(`Debian ${SUITE}: packing`);
  return root;
}

async function packRoot(root: string, archive: string, context: BuildContext): Promise<void> {
  const excludes = LEFT_OUT.map((path) => `--exclude=./${path}/*`);
  await context.run(['tar', '-C', root, '--numeric-owner', ...excludes, '-cf', archive, '.']);
}

export interface PlainRoot {
  /** For the live display, and in the cache. */
  name: string;
  packages: readonly string[];
}

function plainRootArchive({ name, packages }: PlainRoot, cache: string): string {
  const key = contentKey(SUITE, process.arch, ...packages, ...LEFT_OUT);
  return join(cache, 'root', `${SUITE}-${name}-${key}`, 'root.tar');
}

/**
 * A Debian with these packages as a tar archive, made by debootstrap.
 * @throws OrdealError IMAGES_NEED_ROOT (exit 4).
 */
export async function buildPlainRoot(wanted: PlainRoot, context: BuildContext): Promise<string> {
  return await cached(plainRootArchive(wanted, context.cache), async (partial) => {
    const root = await installDebian(`the ${wanted.name}’s root`, wanted.packages, context);
    await packRoot(root, partial, context);
  });
}

/** Whether the archive is in the cache, so that no debootstrap is needed. */
export function plainRootThere(wanted: PlainRoot, cache: string): Promise<boolean> {
  return exists(plainRootArchive(wanted, cache));
}

/** Packs the workload's programs with every library that the loader opens for them, links followed. */
async function packWorkload(root: string, archive: string, context: BuildContext): Promise<void> {
  const inRoot = (command: string, ...args: string[]) => context.run(['chroot', root, command, ...args]);
  const installed = (await inRoot('dpkg-query', '--listfiles', ...WORKLOAD_PACKAGES)).split('\n');
  // egrep and its like are scripts: nothing to link, and ldd refuses them.
  const programs = installed.filter((path) => /^\/(usr\/)?bin\/(?![efr]grep$)[^/]+$/.test(path));
  const libraries = new Set((await inRoot('ldd', ...programs)).match(/\/lib\S+\.so\S*/g));
  for (const [, name, path] of (await inRoot('ldconfig', '--print-cache')).matchAll(
    /^\s+(\S+) .* => (\S+)$/gm,
  )) {
    if (name && path && NODE_LIBRARIES.includes(name)) libraries.add(path);
  }
  const members = [...programs, ...libraries].sort().map((path) => path.slice(1));
  // In the root itself, so that absolute links lead to its files and not to this machine's.
  await inRoot('tar', '-C', '/', '--dereference', '--numeric-owner', '-cf', '/workload.tar', ...members);
  await rename(join(root, 'workload.tar'), archive);
}

function rootFsFolder(cache: string): string {
  return join(cache, 'root', `${SUITE}-${rootFsKey()}`);
}

/** Whether the roots are in the cache, so that no debootstrap is needed. */
export function rootFsThere(cache: string): Promise<boolean> {
  return exists(rootFsFolder(cache));
}

function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new OrdealError({
    code: 'IMAGES_NEED_ROOT',
    exit: EXIT.unable,
    tried: 'installing a Debian root with debootstrap',
    seen: 'this process is not root',
    todo: 'run `sudo ordeal images build`, or where an image registry can be reached, `ordeal images build --source registry`',
  });
}
