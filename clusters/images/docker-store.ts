/** What of an image this machine's Docker holds. */
import { OrdealError } from '../../harness/errors/error.ts';
import { tryRun } from '../../harness/exec/exec.ts';
import type { BuildContext } from './context.ts';

/** Whether Docker has an image; false as well where there is no Docker or no daemon answers. */
export async function inDocker(tag: string): Promise<boolean> {
  try {
    const answer = await tryRun(['docker', 'image', 'inspect', '--format', '{{.Id}}', tag]);
    return answer.exitCode === 0;
  } catch (error) {
    if (error instanceof OrdealError && error.code === 'COMMAND_MISSING') return false;
    throw error;
  }
}

/**
 * Loads an archive made here, and lets a version's earlier images of that name leave Docker, half a gigabyte each, as far
 * as no container runs from them.
 */
export async function loadOwn(tag: string, archive: string, context: BuildContext): Promise<void> {
  context.progress(`loading ${tag} into Docker`);
  await context.run(['docker', 'load', '--quiet', '--input', archive]);
  const repository = tag.slice(0, tag.indexOf(':'));
  const version = tag.slice(0, tag.lastIndexOf('-') + 1);
  const listed = await context.run(['docker', 'images', '--format', '{{.Repository}}:{{.Tag}}', repository]);
  for (const other of listed.split('\n')) {
    if (other.startsWith(version) && other !== tag) await tryRun(['docker', 'rmi', other]);
  }
}

/** The cached archive of an image made here. */
export function archiveName(tag: string): string {
  return `${tag.slice(tag.indexOf('/') + 1).replace(':', '-')}.tar`;
}
