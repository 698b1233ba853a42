import { stripVTControlCharacters } from 'node:util';
import { EXIT, OrdealError } from '../../harness/errors/error.ts';
import { tryRun } from '../../harness/exec/exec.ts';
import { endedContainers } from './docker.ts';

const LOG_LINES = 20;

/**
 * Looks whether a node of a cluster has ended: it says more than whoever waits for it.
 * @throws OrdealError of the code given (exit 4) with the last that the node said.
 */
export async function refuseEndedNode(code: string, label: string, cluster: string): Promise<void> {
  const [ended] = await endedContainers(label, cluster);
  if (!ended) return;
  const { stderr, stdout } = await tryRun(['docker', 'logs', '--tail', String(LOG_LINES), ended]);
  const words = stripVTControlCharacters([stdout, stderr].filter(Boolean).join('\n'));
  throw new OrdealError({
    code,
    exit: EXIT.unable,
    tried: `starting the node ${ended}`,
    seen: `its container ended; its last words:\n${words}`,
    todo: remedyFor(words),
  });
}

/** A node’s systemd, runtime and kubelet take several inotify instances each, and Linux gives a user 128 unless told. */
const WATCHES_SPENT = /inotify|Too many open files/i;

/** What there is to do, by the last words of a node. Pure. */
export function remedyFor(words: string): string {
  return WATCHES_SPENT.test(words)
    ? 'take other clusters down, or raise the limit: `sysctl fs.inotify.max_user_instances=512`'
    : 'look at cluster-logs in the run’s folder for the rest of them';
}
