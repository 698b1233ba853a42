import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OrdealError } from '../../harness/errors/error.ts';
import { cacheDir, exists } from './cache.ts';
import { type BuildContext, type BuildOptions, withBuildContext } from './context.ts';
import { archiveName, inDocker, loadOwn } from './docker-store.ts';
import { goBinariesThere } from './go-binary.ts';
import { DOUBLE_KUBERNETES, k3sDoubleArchive } from './k3s-images.ts';
import { buildNodeArchive, nodeImageTag } from './node-image.ts';
import { rootFsThere } from './root-fs.ts';
import { buildToolbox, toolboxArchives } from './toolbox-image.ts';
import { plainVersion, TRIED_KUBERNETES } from './versions.ts';
import {
  buildLocalWorkload,
  buildRegistryWorkload,
  localWorkload,
  registryWorkload,
  type WorkloadImage,
} from './workload-image.ts';

/** `registry`: the stock kindest/node and a workload on a stock base. `local`: both made here. */
type ImageSource = 'registry' | 'local';

/** What a kind cluster of one Kubernetes version is made from. */
export interface ImageSet {
  /** Without a leading v. */
  kubernetes: string;
  source: ImageSource;
  /** The node image's name in this machine's Docker. */
  nodeImage: string;
  /** The image that workload pods and the fake GPU node name. */
  workloadImage: string;
  /** An archive of the workload image, for `ctr images import` on the nodes. */
  workloadArchive: string;
}

/**
 * The images of a version that are on this machine, made here first; undefined where one of them, or a part that takes
 * minutes to make, is missing or out of date. Makes and loads nothing: see `readyImages`.
 */
export async function findImages(
  kubernetes?: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ImageSet | undefined> {
  const version = plainVersion(kubernetes);
  const cache = cacheDir(env);
  for (const source of ['local', 'registry'] as const) {
    const { node, workload } = await wanted(version, source, cache);
    const there = { node: await inDocker(node.tag), workload: await exists(workload.archive) };
    if (source === 'local') {
      there.workload ||= await rootFsThere(cache);
      there.node ||= (await rootFsThere(cache)) && (await goBinariesThere(version, cache));
    }
    if (there.node && there.workload) return imageSet(version, source, node.tag, workload);
  }
  return undefined;
}

export interface BuildImagesOptions extends BuildOptions {
  /** `1.34.4` unless told. */
  kubernetes?: string;
  /** Unless told: the registry where one answers, else made here. */
  source?: ImageSource;
}

/**
 * Sees to it that a version's images are there, from the cache where they are, and that Docker has the node image and the
 * toolbox.
 * @throws OrdealError IMAGES_NEED_ROOT, COMMAND_MISSING, COMMAND_FAILED (exit 4).
 */
export async function buildImages(options: BuildImagesOptions = {}): Promise<ImageSet> {
  const version = plainVersion(options.kubernetes);
  const found = await findImages(version, options.env);
  const source = options.source ?? found?.source;
  const images = await withBuildContext(options, async (context) => {
    if (source === 'local') return fromHere(version, context);
    if (source === 'registry') return fromRegistry(version, context);
    try {
      return await fromRegistry(version, context);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof OrdealError) || error.code !== 'COMMAND_FAILED') throw error;
      context.progress(`no kindest/node v${version} from a registry: making the images here`);
      return fromHere(version, context);
    }
  });
  await buildToolbox(images.source, options);
  return images;
}

/**
 * Makes found images usable, in seconds: assembled from their parts where a template or the agent's sources changed,
 * the node image loaded into Docker.
 */
export async function readyImages(images: ImageSet, options: BuildOptions = {}): Promise<void> {
  if ((await exists(images.workloadArchive)) && (await inDocker(images.nodeImage))) return;
  await withBuildContext(options, async (context) => {
    if (images.source === 'local') await fromHere(images.kubernetes, context);
  });
}

export interface ListedImage {
  name: string;
  bytes: number;
  /** Whether the sources in this checkout would make exactly this image. */
  current: boolean;
}

/** Image archives in the cache, by name. */
export async function listImages(env: NodeJS.ProcessEnv = process.env): Promise<ListedImage[]> {
  const cache = cacheDir(env);
  const current = new Set<string>();
  for (const version of TRIED_KUBERNETES) {
    for (const source of ['local', 'registry'] as const) {
      const { node, workload } = await wanted(version, source, cache);
      if (node.archive) current.add(node.archive);
      current.add(workload.archive);
    }
  }
  for (const version of DOUBLE_KUBERNETES) current.add(await k3sDoubleArchive(version, cache));
  for (const archive of await toolboxArchives(cache)) current.add(archive);
  const folder = join(cache, 'images');
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const archives = names.filter((name) => name.endsWith('.tar')).sort();
  const listed = await Promise.all(
    archives.map(async (name) => {
      const archive = join(folder, name);
      const found = await looked(archive);
      return found ? [{ name, bytes: found.size, current: current.has(archive) }] : [];
    }),
  );
  return listed.flat();
}

/** Undefined where another build has removed it meanwhile. */
async function looked(archive: string) {
  return await stat(archive).catch(() => undefined);
}

async function fromHere(version: string, context: BuildContext): Promise<ImageSet> {
  const { node, workload } = await wanted(version, 'local', context.cache);
  if (!(await inDocker(node.tag))) {
    await buildNodeArchive(version, node.archive, context);
    await loadOwn(node.tag, node.archive, context);
    await prune(context);
  }
  await buildLocalWorkload(workload, context);
  return imageSet(version, 'local', node.tag, workload);
}

const KEPT_MS = 24 * 3_600_000;

/** Archives of sources as they were leave the cache after a day: another checkout may still be at them. */
async function prune(context: BuildContext): Promise<void> {
  for (const { name, current } of await listImages({ ORDEAL_CACHE: context.cache })) {
    const archive = join(context.cache, 'images', name);
    const found = current ? undefined : await looked(archive);
    if (found && found.mtimeMs < Date.now() - KEPT_MS) await rm(archive, { force: true });
  }
}

async function fromRegistry(version: string, context: BuildContext): Promise<ImageSet> {
  const { node, workload } = await wanted(version, 'registry', context.cache);
  if (!(await inDocker(node.tag))) {
    context.progress(`pulling ${node.tag}`);
    await context.run(['docker', 'pull', '--quiet', node.tag]);
  }
  await buildRegistryWorkload(workload, context);
  return imageSet(version, 'registry', node.tag, workload);
}

interface Wanted<Archive> {
  node: { tag: string; archive: Archive };
  workload: WorkloadImage;
}

async function wanted(version: string, source: 'local', cache: string): Promise<Wanted<string>>;
async function wanted(
  version: string,
  source: ImageSource,
  cache: string,
): Promise<Wanted<string | undefined>>;
async function wanted(
  version: string,
  source: ImageSource,
  cache: string,
): Promise<Wanted<string | undefined>> {
  if (source === 'registry') {
    return {
      node: { tag: `kindest/node:v${version}`, archive: undefined },
      workload: await registryWorkload(cache),
    };
  }
  const tag = await nodeImageTag(version);
  const archive = join(cache, 'images', archiveName(tag));
  return { node: { tag, archive }, workload: await localWorkload(cache) };
}

function imageSet(
  version: string,
  source: ImageSource,
  nodeImage: string,
  workload: WorkloadImage,
): ImageSet {
  return {
    kubernetes: version,
    source,
    nodeImage,
    workloadImage: workload.tag,
    workloadArchive: workload.archive,
  };
}
