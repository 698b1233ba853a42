import type { EdgeLink } from '../../clusters/network/port.ts';
import type { Clock } from '../../harness/clock/clock.ts';
import { messageOf } from '../../harness/errors/error.ts';
import type { Recording } from './recording.ts';

/** Brings every tunnel's counters into the history, a sample each interval. */
export function startSampler(
  links: readonly EdgeLink[],
  record: Recording,
  clock: Clock,
  intervalMs: number,
): { stop(): Promise<void> } {
  const ending = new AbortController();
  const { signal } = ending;
  const loops = links.map(async (link) => {
    const { node } = link;
    while (!signal.aborted) {
      try {
        record('tunnel.sample', { node, ...(await link.sample()) });
      } catch (error) {
        record('tunnel.unseen', { node, reason: messageOf(error) });
      }
      await clock.sleep(intervalMs, signal).catch(() => undefined);
    }
  });
  return {
    async stop() {
      ending.abort();
      await Promise.all(loops);
    },
  };
}
