import type { EngineEvents, History, HistoryEvent } from './event.ts';
import type { ReadHistory } from './reader.ts';

/**
 * The text of a history whose recorder was killed, with the end that it could not write. A torn last line is left out:
 * what was said of it is not known.
 */
export function ended({ events }: ReadHistory, reason: string, wall: number): string {
  return [...events, ...missingEnd(events, reason, wall)]
    .map((event) => `${JSON.stringify(event)}\n`)
    .join('');
}

/** The end that a history lacks; none where it has one. */
export function missingEnd(events: History, reason: string, wall: number): HistoryEvent[] {
  if (events.some(({ type }) => type === 'run.ended')) return [];
  const body: EngineEvents['run.ended'] = { outcome: 'failed', error: reason };
  return [
    {
      seq: events.length,
      mono: events.at(-1)?.mono ?? 0,
      wall,
      source: 'harness',
      type: 'run.ended',
      body,
    },
  ];
}
