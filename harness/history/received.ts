import type { HistoryEvent } from './event.ts';

/** A history that comes in lines, some of them again, and some perhaps never. */
export class ReceivedHistory {
  readonly events: HistoryEvent[] = [];
  /** The highest that was seen of any. */
  #highest = -1;

  /** Takes the next event's line; undefined for one that came before, too early, or torn. */
  take(line: string): HistoryEvent | undefined {
    const event = parsed(line);
    if (event === undefined) return undefined;
    this.#highest = Math.max(this.#highest, event.seq);
    // What comes too early comes again when the stream is read from its start.
    if (event.seq !== this.events.length) return undefined;
    this.events.push(event);
    return event;
  }

  /** What of it is missing; undefined where its end came, and all before it. */
  missing(): string | undefined {
    const came = this.events.length;
    if (this.#highest >= came) return `event ${came} of a history of at least ${this.#highest + 1} was lost`;
    return this.events.at(-1)?.type === 'run.ended' ? undefined : 'the end of the history did not come';
  }
}

function parsed(line: string): HistoryEvent | undefined {
  try {
    return JSON.parse(line) as HistoryEvent;
  } catch {
    return undefined;
  }
}
