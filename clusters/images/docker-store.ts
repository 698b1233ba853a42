import { OrdealError } from '../../harness/errors/error.ts';
import { tryRun } from '../../harness/exec/exec.ts';

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
