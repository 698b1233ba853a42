import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { OrdealError } from '../../harness/errors/error.ts';
import type { BuildContext } from './context.ts';

/** A container image as `docker load` and `ctr images import` take it. */
export interface ImageSpec {
  /** Names that the image gets where it is loaded. */
  tags: string[];
  /** Uncompressed tar archives, the lowest first; on the file system of the cache. */
  layers: string[];
  /** With zstd, where this machine has it. For nodes: one that imports an archive copies and hashes all that is in it, twice. */
  compressed?: boolean;
  /** Docker's `config`: Env, Entrypoint, StopSignal … */
  config: {
    Env?: string[];
    Entrypoint?: string[];
    Cmd?: string[];
    StopSignal?: string;
    Volumes?: Record<string, object>;
  };
}

/**
 * Writes one image as an archive in Docker's format, without a daemon: no build leaves names in the user's Docker that
 * stand for something else there.
 */
export async function writeImageArchive(
  archive: string,
  image: ImageSpec,
  context: BuildContext,
): Promise<void> {
  const folder = await context.scratch();
  const names: string[] = [];
  const digests: string[] = [];
  for (const layer of image.layers) {
    const digest = await sha256(layer);
    const name = `${digest}.tar`;
    if (!image.compressed || !(await compress(layer, join(folder, name), context)))
      await link(layer, join(folder, name));
    names.push(name);
    digests.push(`sha256:${digest}`);
  }
  const config = JSON.stringify({
    architecture: GO_ARCHITECTURES[process.arch] ?? process.arch,
    os: 'linux',
    created: '1970-01-01T00:00:00Z',
    config: image.config,
    rootfs: { type: 'layers', diff_ids: digests },
    history: digests.map(() => ({ created: '1970-01-01T00:00:00Z', created_by: 'ordeal images build' })),
  });
  const configName = `${createHash('sha256').update(config).digest('hex')}.json`;
  await writeFile(join(folder, configName), config);
  const manifest = [{ Config: configName, RepoTags: image.tags, Layers: names }];
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
  await packFolder(folder, archive, context);
}

/** @returns whether this machine has zstd. */
async function compress(layer: string, file: string, context: BuildContext): Promise<boolean> {
  try {
    await context.run(['zstd', '--quiet', layer, '-o', file]);
    return true;
  } catch (error) {
    if (error instanceof OrdealError && error.code === 'COMMAND_MISSING') return false;
    throw error;
  }
}

/** Node's names of processors, where an image's config has Go's. */
const GO_ARCHITECTURES: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64' };

/** Packs a folder so that the same files give the same bytes. */
export async function packFolder(folder: string, archive: string, context: BuildContext): Promise<void> {
  await mkdir(join(archive, '..'), { recursive: true });
  await context.run([
    'tar',
    '--sort=name',
    '--mtime=@0',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '-C',
    folder,
    '-cf',
    archive,
    '.',
  ]);
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
