import type { History } from '../../harness/history/event.ts';

/** Something to be recorded, at a time on the recorder’s clock in ms. */
export interface Entry {
  mono: number;
  source: string;
  type: string;
  body: unknown;
}

/** The run’s end is the last event, whatever was late. */
export function recorded(entries: readonly Entry[]): History {
  return [...entries]
    .sort((a, b) => a.mono - b.mono)
    .map(({ body, mono, source, type }, seq) => ({ seq, mono, wall: 1e12 + mono, source, type, body }));
}
