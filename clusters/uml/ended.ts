import type { EngineEvents, HistoryEvent } from '../../harness/history/event.ts';
import type { ReadHistory } from '../../harness/history/reader.ts';

/**
 * The text of a history whose recorder was killed, with the end that it could not write. A torn last line is left out:
 * what was said of it is not known.
 */
export function ended({ events }: ReadHistory, reason: string, wall: number): string {
  const body: EngineEvents['run.ended'] = { outcome: 'failed', error: reason };
  const end: HistoryEvent = {
    seq: events.length,
    mono: events.at(-1)?.mono ?? 0,
    wall,
    source: 'harness',
    type: 'run.ended',
    body,
  };
  const already = events.some(({ type }) => type === 'run.ended');
  return [...events, ...(already ? [] : [end])].map((event) => `${JSON.stringify(event)}\n`).join('');
}
