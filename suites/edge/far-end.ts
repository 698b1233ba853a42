import type { History } from '../../harness/history/event.ts';
import { grouped } from '../../harness/history/grouped.ts';
import { edgeEvents } from './events.ts';
import { type EdgeLineOf, echoName } from './workload/ledger.ts';

type RunLine = EdgeLineOf<'probe.run'>;

/**
 * Whether answered probes were answered by the cloud's own echo of the way that they were sent by: a probe that went
 * astray may be answered too, and says nothing of its way. In a record from before far ends named themselves none does,
 * and an answer is one.
 */
export function farEndOf(history: History): (run: RunLine) => boolean {
  const clouds = edgeEvents(history, 'ledger.cloud.started').map(({ body }) => body);
  const named = clouds.filter(({ echoes }) => echoes !== undefined);
  const names = grouped(
    named.flatMap(({ echoes, epoch }) => echoes.map((path) => ({ path, name: echoName(epoch, path) }))),
    ({ path }) => path,
  );
  return ({ by, path }) => {
    if (by === undefined) return named.length === 0;
    return names.get(path)?.some(({ name }) => name === by) ?? false;
  };
}
