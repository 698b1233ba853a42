import { readdir } from 'node:fs/promises';
import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import { run } from '../../harness/exec/exec.ts';

/**
 * Writes the nodes' logs into `dir`. kind says 1 where one of its many sources is missing (the node image made here has
 * no crictl) and has then written all the others.
 * @throws OrdealError COMMAND_FAILED where it wrote nothing.
 */
export async function exportLogs(cluster: string, dir: string): Promise<void> {
  const argv = ['kind', 'export', 'logs', dir, '--name', cluster];
  const { stderr } = await run(argv, { timeoutMs: 120_000, okCodes: [0, 1] });
  const written = await readdir(dir).catch(() => []);
  if (written.length > 0) return;
  throw new OrdealError({
    code: 'COMMAND_FAILED',
    exit: EXIT.unable,
    tried: `exporting the logs of the kind cluster ${cluster}`,
    seen: stderr || 'no log was written',
    todo: `run \`${argv.join(' ')}\` by hand while the cluster is up`,
  });
}
