import { chmod, copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached, contentKey } from './cache.ts';
import type { BuildContext } from './context.ts';
import { packFolder, writeImageArchive } from './image-archive.ts';
import { programsKey, writePrograms } from './programs.ts';
import { buildRootFs, rootFsKey } from './root-fs.ts';

const DOCKERFILE = join(import.meta.dirname, 'workload.Dockerfile');
const ENVIRONMENT = ['PATH=/usr/local/bin:/usr/bin:/bin'];

/** An image that workload pods and the nodes' agents run from, and the archive that nodes import it from. */
export interface WorkloadImage {
  tag: string;
  archive: string;
}

/** The image made here: a shell and the core utilities, this machine's Node, the programs. */
export async function localWorkload(cache: string): Promise<WorkloadImage> {
  return named(
    cache,
    contentKey(rootFsKey(), process.version, 'zstd', ...ENVIRONMENT, await programsKey(cache)),
  );
}

/** The image made on a base from a registry. */
export async function registryWorkload(cache: string): Promise<WorkloadImage> {
  return named(cache, contentKey(await readFile(DOCKERFILE), await programsKey(cache)));
}

function named(cache: string, key: string): WorkloadImage {
  return {
    tag: `localhost/ordeal-workload:${key}`,
    archive: join(cache, 'images', `workload-${key}`, 'workload.tar'),
  };
}

export async function buildLocalWorkload(image: WorkloadImage, context: BuildContext): Promise<void> {
  await cached(image.archive, async (partial) => {
    const root = await buildRootFs(context);
    context.progress('workload image: assembling');
    const folder = await context.scratch();
    const bin = join(folder, 'root/usr/local/bin');
    await mkdir(bin, { recursive: true });
    await mkdir(join(folder, 'root/tmp'), { mode: 0o1777 });
    await chmod(join(folder, 'root/tmp'), 0o1777);
    await copyFile(process.execPath, join(bin, 'node'));
    await writePrograms(join(folder, 'root/ordeal'));
    await packFolder(join(folder, 'root'), join(folder, 'layer.tar'), context);
    await writeImageArchive(
      partial,
      {
        tags: [image.tag],
        layers: [root.workload, join(folder, 'layer.tar')],
        compressed: true,
        config: { Env: ENVIRONMENT },
      },
      context,
    );
  });
}

/** Builds on the Dockerfile's base image. @throws OrdealError COMMAND_FAILED where no registry answers. */
export async function buildRegistryWorkload(image: WorkloadImage, context: BuildContext): Promise<void> {
  await cached(image.archive, async (partial) => {
    context.progress('workload image: building on its base from the registry');
    const folder = await context.scratch();
    await writePrograms(join(folder, 'ordeal'));
    await copyFile(DOCKERFILE, join(folder, 'Dockerfile'));
    await context.run(['docker', 'build', '--tag', image.tag, folder]);
    await context.run(['docker', 'save', '--output', partial, image.tag]);
  });
}
