import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { EXIT, messageOf, OrdealError } from '../errors/error.ts';
import { engineEventBodies } from './engine-events.ts';
import type { History, HistoryEvent } from './event.ts';

export interface ReadHistory {
  events: History;
  /** The last line has no end: the writer was killed. A line cut in the middle is left out of `events`. */
  truncated: boolean;
}

const Envelope = z.strictObject({
  seq: z.int().nonnegative(),
  mono: z.number().nonnegative(),
  // What a date can hold, ECMA-262.
  wall: z.number().min(-8.64e15).max(8.64e15),
  source: z.string().min(1),
  type: z.string().min(1),
  body: z.unknown(),
});

/**
 * Reads a history back and checks it: every envelope, the bodies of the engine's own events, numbers without gaps and
 * a clock that never runs backwards. Only the last line may be torn.
 * @throws OrdealError HISTORY_MISSING or HISTORY_INVALID (exit 3); the latter names file:line and what was expected.
 */
export async function readHistory(path: string): Promise<ReadHistory> {
  return parseHistory(await read(path), path);
}

/** `readHistory` on text; `path` is for messages. */
export function parseHistory(text: string, path: string): ReadHistory {
  const lines = text.split('\n');
  const tail = lines.pop() ?? '';
  const events: HistoryEvent[] = [];
  for (const [index, line] of lines.entries()) {
    const event = parseEvent(line, events);
    if (typeof event === 'string') throw invalid(`${path}:${index + 1}`, event);
    events.push(event);
  }
  const last = tail === '' ? undefined : parseEvent(tail, events);
  if (typeof last === 'object') events.push(last);
  return { events, truncated: tail !== '' };
}

/** The event, or what was expected instead. */
function parseEvent(line: string, before: HistoryEvent[]): HistoryEvent | string {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    return `expected a JSON object: ${messageOf(error)}`;
  }
  const envelope = Envelope.safeParse(json);
  if (!envelope.success) return `expected an event: ${z.prettifyError(envelope.error)}`;
  const event = json as HistoryEvent;
  if (!('body' in event)) return 'expected an event: it has no body';
  if (event.seq !== before.length) return `expected seq ${before.length}, found ${event.seq}`;
  const earlier = before.at(-1)?.mono ?? 0;
  if (event.mono < earlier) return `expected mono of at least ${earlier}, found ${event.mono}`;
  if (Object.hasOwn(engineEventBodies, event.type)) {
    const body = engineEventBodies[event.type as keyof typeof engineEventBodies].safeParse(event.body);
    if (!body.success) return `expected the body of ${event.type}: ${z.prettifyError(body.error)}`;
  }
  return event;
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new OrdealError({
      code: 'HISTORY_MISSING',
      exit: EXIT.usage,
      tried: `reading the history ${path}`,
      seen: messageOf(error),
      todo: 'name the output folder of a run: it holds events.jsonl',
      cause: error,
    });
  }
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
