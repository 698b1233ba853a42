import { open } from 'node:fs/promises';
import { z } from 'zod';
import { EXIT, messageOf, OrdealError } from '../errors/error.ts';
import { engineEventBodies } from './engine-events.ts';
import type { History, HistoryEvent } from './event.ts';

export interface ReadHistory {
  events: History;
  /** The last line has no end: the writer was killed. A line cut in the middle is left out of `events`. */
  truncated: boolean;
}

/** Long enough to be worth a read, and short enough for its text to be of the young generation, whose collection is cheap. */
const PIECE_BYTES = 256 << 10;
const NEWLINE = 0x0a;

/**
 * Reads a history back and checks it: every envelope, the bodies of the engine's own events, numbers without gaps and
 * a clock that never runs backwards. Only the last line may be torn. The file may be longer than a string can be.
 * @throws OrdealError HISTORY_MISSING or HISTORY_INVALID (exit 3); the latter names file:line and what was expected.
 */
export async function readHistory(path: string): Promise<ReadHistory> {
  const lines = new Lines(path);
  let buffer = Buffer.allocUnsafe(PIECE_BYTES);
  /** What is in the buffer: the beginning of a line. */
  let rest = 0;
  const file = await open(path).catch((error: unknown) => {
    throw missing(path, error);
  });
  try {
    for (;;) {
      if (rest === buffer.length) buffer = Buffer.concat([buffer], 2 * buffer.length);
      const { bytesRead } = await file.read(buffer, rest).catch((error: unknown) => {
        throw missing(path, error);
      });
      if (bytesRead === 0) return lines.end(buffer.toString('utf8', 0, rest));
      const length = rest + bytesRead;
      // Between two lines no character is cut in two.
      const end = buffer.lastIndexOf(NEWLINE, length - 1) + 1;
      lines.take(buffer.toString('utf8', 0, end));
      buffer.copyWithin(0, end, length);
      rest = length - end;
    }
  } finally {
    await file.close();
  }
}

/** `readHistory` on text; `path` is for messages. */
export function parseHistory(text: string, path: string): ReadHistory {
  const lines = new Lines(path);
  const end = text.lastIndexOf('\n') + 1;
  lines.take(text.slice(0, end));
  return lines.end(text.slice(end));
}

/** The events of the lines so far. */
class Lines {
  readonly #path: string;
  readonly #events: HistoryEvent[] = [];
  /** Sources and types are few and come again and again: each is kept once. */
  readonly #names = new Map<string, string>();

  constructor(path: string) {
    this.#path = path;
  }

  /** @param text whole lines, each with its end */
  take(text: string): void {
    let from = 0;
    for (let to = text.indexOf('\n'); to >= 0; to = text.indexOf('\n', from)) {
      const event = this.#parse(text.slice(from, to));
      if (typeof event === 'string') throw invalid(`${this.#path}:${this.#events.length + 1}`, event);
      this.#events.push(event);
      from = to + 1;
    }
  }

  /** @param tail what comes after the last end of a line; an event where nothing but the end is missing */
  end(tail: string): ReadHistory {
    const last = tail === '' ? undefined : this.#parse(tail);
    if (typeof last === 'object') this.#events.push(last);
    return { events: this.#events, truncated: tail !== '' };
  }

  /** The event, or what was expected instead. */
  #parse(line: string): HistoryEvent | string {
    let json: unknown;
    try {
      json = JSON.parse(line);
    } catch (error) {
      return `expected a JSON object: ${messageOf(error)}`;
    }
    const fault = envelopeFault(json);
    if (fault !== undefined) return `expected an event: ${fault}`;
    const event = json as HistoryEvent;
    const { length } = this.#events;
    if (event.seq !== length) return `expected seq ${length}, found ${event.seq}`;
    const earlier = this.#events[length - 1]?.mono ?? 0;
    if (event.mono < earlier) return `expected mono of at least ${earlier}, found ${event.mono}`;
    event.source = this.#known(event.source);
    event.type = this.#known(event.type);
    if (Object.hasOwn(engineEventBodies, event.type)) {
      const body = engineEventBodies[event.type as keyof typeof engineEventBodies].safeParse(event.body);
      if (!body.success) return `expected the body of ${event.type}: ${z.prettifyError(body.error)}`;
    }
    return event;
  }

  #known(name: string): string {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    this.#names.set(name, name);
    return name;
  }
}

/** What a date can hold, ECMA-262. */
const MOST_WALL = 8.64e15;

const FIELDS: ReadonlySet<string> = new Set<keyof HistoryEvent>([
  'seq',
  'mono',
  'wall',
  'source',
  'type',
  'body',
]);

/**
 * What is wrong with an event but its body; undefined where nothing is. By hand, for there are millions of them: a schema takes
 * longer than the JSON.
 */
function envelopeFault(json: unknown): string | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return 'it is no object';
  const { body, mono, seq, source, type, wall } = json as Partial<HistoryEvent>;
  if (!Number.isSafeInteger(seq) || (seq as number) < 0) return 'its seq is not a whole number of at least 0';
  if (!Number.isFinite(mono) || (mono as number) < 0) return 'its mono is not a number of at least 0';
  if (!Number.isFinite(wall) || Math.abs(wall as number) > MOST_WALL)
    return 'its wall is not the time of a date';
  if (typeof source !== 'string' || source === '') return 'its source is not a name';
  if (typeof type !== 'string' || type === '') return 'its type is not a name';
  if (body === undefined) return 'its body is not a value';
  const names = Object.keys(json);
  // It has all of ours.
  if (names.length === FIELDS.size) return undefined;
  return `nobody knows its field ${names.find((name) => !FIELDS.has(name))}`;
}

function missing(path: string, error: unknown): OrdealError {
  return new OrdealError({
    code: 'HISTORY_MISSING',
    exit: EXIT.usage,
    tried: `reading the history ${path}`,
    seen: messageOf(error),
    todo: 'name the output folder of a run: it holds events.jsonl',
    cause: error,
  });
}

function invalid(place: string, seen: string): OrdealError {
  return new OrdealError({
    code: 'HISTORY_INVALID',
    exit: EXIT.usage,
    tried: `reading ${place}`,
    seen,
    todo: 'a history is judged as it was written: take it from the run’s own output folder again',
  });
}
