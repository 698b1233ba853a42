import { chmod, copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import { cacheDir, cached, contentKey, exists } from './cache.ts';
import { type BuildContext, type BuildOptions, withBuildContext } from './context.ts';
import { inDocker } from './docker-store.ts';
import { packFolder, writeImageArchive } from './image-archive.ts';
import { programsKey, writePrograms } from './programs.ts';
import { buildPlainRoot, type PlainRoot, plainRootThere } from './root-fs.ts';

const DOCKERFILE = join(import.meta.dirname, 'toolbox.Dockerfile');
const ENVIRONMENT = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'];

/** What links are made, broken and looked at with, and the libraries that Node needs. */
const ROOT: PlainRoot = {
  name: 'toolbox',
  packages: [
    'ethtool',
    'iproute2',
    'libatomic1',
    'libstdc++6',
    'nftables',
    'procps',
    'socat',
    'tcpdump',
    'util-linux',
    'wireguard-go',
    'wireguard-tools',
  ],
};

type ToolboxSource = 'registry' | 'local';

/** It runs on the Docker that a cluster's nodes run on; in a cluster only where that is someone's, for suite edge. */
interface ToolboxImage {
  tag: string;
  archive: string;
  source: ToolboxSource;
}

async function toolboxImage(source: ToolboxSource, cache: string): Promise<ToolboxImage> {
  const base =
    source === 'registry'
      ? [await readFile(DOCKERFILE)]
      : [process.arch, ...ROOT.packages, process.version, ...ENVIRONMENT];
  const key = contentKey(source, ...base, await programsKey(cache));
  return {
    tag: `localhost/ordeal-toolbox:${key}`,
    archive: join(cache, 'images', `toolbox-${key}.tar`),
    source,
  };
}

/** The archives that the sources in this checkout would make. */
export async function toolboxArchives(cache: string): Promise<string[]> {
  const images = await Promise.all([toolboxImage('local', cache), toolboxImage('registry', cache)]);
  return images.map(({ archive }) => archive);
}

async function findToolbox(cache: string): Promise<ToolboxImage | undefined> {
  for (const source of ['local', 'registry'] as const) {
    const image = await toolboxImage(source, cache);
    if ((await inDocker(image.tag)) || (await exists(image.archive))) return image;
    if (source === 'local' && (await plainRootThere(ROOT, cache))) return image;
  }
  return undefined;
}

/**
 * The toolbox in this machine's Docker, assembled and loaded where it has to be, in seconds; its name.
 * @throws OrdealError TOOLBOX_IMAGE_MISSING (exit 4).
 */
export async function readyToolbox(options: BuildOptions = {}): Promise<string> {
  const image = await findToolbox(cacheDir(options.env));
  if (!image) {
    throw new OrdealError({
      code: 'TOOLBOX_IMAGE_MISSING',
      exit: EXIT.unable,
      tried: 'finding the toolbox image',
      seen: 'it is not on this machine, or was made from other sources than these',
      todo: 'run `ordeal images build` (as root where no image registry can be reached)',
    });
  }
  await withBuildContext(options, (context) => load(image, context));
  return image.tag;
}

/**
 * Sees to it that Docker has the toolbox; its name.
 * @throws OrdealError IMAGES_NEED_ROOT, COMMAND_MISSING, COMMAND_FAILED (exit 4).
 */
export async function buildToolbox(source: ToolboxSource, options: BuildOptions = {}): Promise<string> {
  return await withBuildContext(options, async (context) => {
    const image = await toolboxImage(source, context.cache);
    await load(image, context);
    return image.tag;
  });
}

async function load(image: ToolboxImage, context: BuildContext): Promise<void> {
  if (await inDocker(image.tag)) return;
  await cached(image.archive, (partial) =>
    image.source === 'local'
      ? assemble(image.tag, partial, context)
      : buildOnBase(image.tag, partial, context),
  );
  context.progress('toolbox image: loading it into Docker');
  await context.run(['docker', 'load', '--quiet', '--input', image.archive]);
}

async function assemble(tag: string, archive: string, context: BuildContext): Promise<void> {
  const root = await buildPlainRoot(ROOT, context);
  context.progress('toolbox image: assembling');
  const folder = await context.scratch();
  const bin = join(folder, 'root/usr/local/bin');
  await mkdir(bin, { recursive: true });
  await copyFile(process.execPath, join(bin, 'node'));
  await chmod(join(bin, 'node'), 0o755);
  await writePrograms(join(folder, 'root/ordeal'));
  await packFolder(join(folder, 'root'), join(folder, 'layer.tar'), context);
  const layers = [root, join(folder, 'layer.tar')];
  await writeImageArchive(archive, { tags: [tag], layers, config: { Env: ENVIRONMENT } }, context);
}

async function buildOnBase(tag: string, archive: string, context: BuildContext): Promise<void> {
  context.progress('toolbox image: building on its base from the registry');
  const folder = await context.scratch();
  await writePrograms(join(folder, 'ordeal'));
  await copyFile(DOCKERFILE, join(folder, 'Dockerfile'));
  await context.run(['docker', 'build', '--tag', tag, folder]);
  await context.run(['docker', 'save', '--output', archive, tag]);
}
