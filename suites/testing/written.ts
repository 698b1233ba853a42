import type { History, HistoryEvent } from '../../harness/history/event.ts';

/** A history written by hand: what each line would have been stamped with is filled in. */
export class WrittenHistory {
  readonly events: HistoryEvent[] = [];

  add(source: string, type: string, body: unknown, mono = this.events.length): this {
    this.events.push({ seq: this.events.length, mono, wall: 1e12 + mono, source, type, body });
    return this;
  }
}

/** The same events with some left out, renumbered as a reader would refuse otherwise. */
export function without(history: History, drop: (event: HistoryEvent) => boolean): History {
  return history.filter((event) => !drop(event)).map((event, seq) => ({ ...event, seq }));
}
