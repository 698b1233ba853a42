import { join } from 'node:path';
import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import { cacheDir, exists } from './cache.ts';
import { type BuildContext, type BuildOptions, withBuildContext } from './context.ts';
import { archiveName, inDocker, loadOwn } from './docker-store.ts';
import { k3sBinariesThere } from './go-binary.ts';
import { buildK3sDouble, k3sDoubleTag } from './k3s-image.ts';
import { rootFsThere } from './root-fs.ts';
import { plainVersion } from './versions.ts';
import {
  buildLocalWorkload,
  buildRegistryWorkload,
  localWorkload,
  registryWorkload,
  type WorkloadImage,
} from './workload-image.ts';

/** Kubernetes versions that the double was built and tried with. */
export const DOUBLE_KUBERNETES: readonly string[] = ['1.34.4'];

/** What a K3s cluster of one Kubernetes version is made from. */
export interface K3sImageSet {
  /** Without a leading v. */
  kubernetes: string;
  /** `rancher`: K3s itself. `double`: the image made here that has its contract. */
  source: 'rancher' | 'double';
  /** The node image's name in this machine's Docker. */
  nodeImage: string;
  workloadImage: string;
  workloadArchive: string;
}

/** K3s's first release of a Kubernetes version. */
function rancherTag(version: string): string {
  return `rancher/k3s:v${version}-k3s1`;
}

/** How reports name what a cluster of it is. */
export function k3sName({ source }: Pick<K3sImageSet, 'source'>): string {
  return source === 'double' ? 'k3s (double)' : 'k3s';
}

/**
 * The images of a version that are on this machine: K3s itself where Docker has it, else the double. Undefined where one of
 * them, or a part that takes minutes to make, is missing or out of date. Makes and loads nothing: see `readyK3sImages`.
 */
export async function findK3sImages(
  kubernetes?: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<K3sImageSet | undefined> {
  const version = plainVersion(kubernetes);
  const cache = cacheDir(env);
  const root = await rootFsThere(cache);
  const workload = await workloadThere(cache, root);
  if (!workload) return undefined;
  const rancher = rancherTag(version);
  if (await inDocker(rancher)) return imageSet(version, 'rancher', rancher, workload);
  if (!DOUBLE_KUBERNETES.includes(version)) return undefined;
  const double = await k3sDoubleTag(version);
  const there = (await inDocker(double)) || (root && (await k3sBinariesThere(version, cache)));
  return there ? imageSet(version, 'double', double, workload) : undefined;
}

export interface BuildK3sOptions extends BuildOptions {
  /** `1.34.4` unless told. */
  kubernetes?: string;
  /** Unless told: K3s itself where a registry gives it, else the double. */
  source?: 'registry' | 'local';
}

/**
 * Sees to it that a version's images are there and that Docker has the node image.
 * @throws OrdealError K3S_DOUBLE_VERSION (exit 4) where only the double could be made, of a version it was not tried with;
 * IMAGES_NEED_ROOT, COMMAND_MISSING, COMMAND_FAILED (exit 4).
 */
export async function buildK3sImages(options: BuildK3sOptions = {}): Promise<K3sImageSet> {
  const version = plainVersion(options.kubernetes);
  return withBuildContext(options, async (context) => {
    if (options.source !== 'local') {
      try {
        return await fromRegistry(version, context);
      } catch (error) {
        options.signal?.throwIfAborted();
        const refused = error instanceof OrdealError && error.code === 'COMMAND_FAILED';
        if (!refused || options.source === 'registry') throw error;
        context.progress(`no ${rancherTag(version)} from a registry: making its double`);
      }
    }
    return await fromHere(version, context);
  });
}

/** Makes found images usable, in seconds: assembled from their parts where a template or a program changed, and loaded. */
export async function readyK3sImages(images: K3sImageSet, options: BuildOptions = {}): Promise<void> {
  if ((await exists(images.workloadArchive)) && (await inDocker(images.nodeImage))) return;
  await withBuildContext(options, async (context) => {
    if (images.source === 'double') await fromHere(images.kubernetes, context);
    else await buildWorkload(context);
  });
}

/** Where the double's archive of a version is kept. */
export async function k3sDoubleArchive(version: string, cache: string): Promise<string> {
  return join(cache, 'images', archiveName(await k3sDoubleTag(version)));
}

async function fromRegistry(version: string, context: BuildContext): Promise<K3sImageSet> {
  const tag = rancherTag(version);
  if (!(await inDocker(tag))) {
    context.progress(`pulling ${tag}`);
    await context.run(['docker', 'pull', '--quiet', tag]);
  }
  return imageSet(version, 'rancher', tag, await buildWorkload(context));
}

async function fromHere(version: string, context: BuildContext): Promise<K3sImageSet> {
  if (!DOUBLE_KUBERNETES.includes(version)) throw untried(version);
  const tag = await k3sDoubleTag(version);
  if (!(await inDocker(tag))) {
    const archive = await k3sDoubleArchive(version, context.cache);
    await buildK3sDouble(version, archive, context);
    await loadOwn(tag, archive, context);
  }
  const workload = await localWorkload(context.cache);
  await buildLocalWorkload(workload, context);
  return imageSet(version, 'double', tag, workload);
}

/** Whichever workload image is there, or can be had: it is the same programs on another base. */
async function buildWorkload(context: BuildContext): Promise<WorkloadImage> {
  const found = await workloadThere(context.cache, await rootFsThere(context.cache));
  const workload = found ?? (await registryWorkload(context.cache));
  if (found && found.tag === (await localWorkload(context.cache)).tag)
    await buildLocalWorkload(found, context);
  else await buildRegistryWorkload(workload, context);
  return workload;
}

/** The workload image whose archive is there, or can be made in seconds. */
async function workloadThere(cache: string, root: boolean): Promise<WorkloadImage | undefined> {
  const local = await localWorkload(cache);
  if (root || (await exists(local.archive))) return local;
  const registry = await registryWorkload(cache);
  return (await exists(registry.archive)) ? registry : undefined;
}

function imageSet(
  kubernetes: string,
  source: K3sImageSet['source'],
  nodeImage: string,
  workload: WorkloadImage,
): K3sImageSet {
  return {
    kubernetes,
    source,
    nodeImage,
    workloadImage: workload.tag,
    workloadArchive: workload.archive,
  };
}

function untried(version: string): OrdealError {
  return new OrdealError({
    code: 'K3S_DOUBLE_VERSION',
    exit: EXIT.unable,
    tried: `making the double of K3s ${version}`,
    seen: `it was tried with Kubernetes ${DOUBLE_KUBERNETES.join(', ')} alone`,
    todo: `take one of these, or pull ${rancherTag(version)} where a registry can be reached`,
  });
}
