import { appendFileSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../clock/clock.ts';
import { EXIT, messageOf, OrdealError } from '../errors/error.ts';
import { redactor } from '../redact/own.ts';
import type { History, HistoryEvent, Recorder } from './event.ts';

/** Long enough to make hundreds of events one write, short enough for someone who follows the file. */
const flushEveryMs = 50;

/** A recorder whose history is also a file. */
export interface FileRecorder extends Recorder {
  readonly path: string;
  /** Everything recorded so far is in the file when it returns. @throws OrdealError HISTORY_UNWRITABLE (exit 4) */
  flush(): void;
  /** Flushes and closes; safe to repeat. Recording after it is an error. */
  close(): void;
}

/**
 * Starts a new history at `path`, an event a line. Lines are written in batches within 50 ms, on `flush`, on `close`
 * and when the process exits. After a write that failed the file stays as it is, and what is recorded is kept in memory
 * alone: faults are seen to bite and healed by it, and whoever records from a callback is not thrown at.
 * @param unwritable told once, as soon as a write fails: the run is for nothing
 * @throws OrdealError HISTORY_EXISTS (exit 3) where a history is there already: one is never overwritten or mixed;
 * HISTORY_UNWRITABLE (exit 4) where the file cannot be made, or from `flush` and `close` after a write failed.
 */
export function openHistory(
  path: string,
  clock: Clock,
  unwritable: (error: OrdealError) => void = () => undefined,
): FileRecorder {
  const fd = create(path);
  const stamp = stamper(clock);
  const events: HistoryEvent[] = [];
  let pending = '';
  let timer: NodeJS.Timeout | undefined;
  let failure: OrdealError | undefined;
  let closed = false;

  const write = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (pending === '' || failure) return;
    try {
      appendFileSync(fd, pending);
      pending = '';
    } catch (error) {
      failure = cannotWrite(path, error);
      unwritable(failure);
    }
  };
  const flush = (): void => {
    if (!closed) write();
    if (failure) throw failure;
  };
  process.on('exit', write);

  return {
    path,
    events,
    flush,
    record: (source, type, body) => {
      if (closed) throw recordedAfterClose(path, type);
      const { event, line } = stamp(events.length, source, type, body);
      events.push(event);
      if (failure) return event;
      pending += line;
      timer ??= setTimeout(write, flushEveryMs).unref();
      return event;
    },
    close: () => {
      if (closed) return;
      write();
      closed = true;
      process.off('exit', write);
      closeSync(fd);
      if (failure) throw failure;
    },
  };
}

/** A recorder that keeps its history to itself, for tests. */
export function memoryRecorder(clock: Clock): Recorder {
  const stamp = stamper(clock);
  const events: HistoryEvent[] = [];
  return {
    events: events as History,
    record: (source, type, body) => {
      const { event } = stamp(events.length, source, type, body);
      events.push(event);
      return event;
    },
  };
}

/**
 * Secrets are taken out here. The event is read back from its own line: what a checker sees during the run is then exactly what it sees when the
 * run is judged again from the file, and a caller that goes on changing its body does not change history.
 */
function stamper(clock: Clock) {
  const start = clock.mono();
  return (
    seq: number,
    source: string,
    type: string,
    body: unknown,
  ): { event: HistoryEvent; line: string } => {
    const mono = microseconds(clock.mono() - start);
    const text = redactor.json({
      seq,
      mono,
      wall: microseconds(clock.wall()),
      source,
      type,
      body: body ?? null,
    });
    return { event: JSON.parse(text) as HistoryEvent, line: `${text}\n` };
  };
}

/** The clock's further digits are noise, and half of a line. */
function microseconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

function create(path: string): number {
  try {
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, 'ax');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw cannotWrite(path, error);
    throw new OrdealError({
      code: 'HISTORY_EXISTS',
      exit: EXIT.usage,
      tried: `starting the history ${path}`,
      seen: 'there is one already',
      todo: 'name another output folder, or remove this one',
    });
  }
}

function cannotWrite(path: string, cause: unknown): OrdealError {
  return new OrdealError({
    code: 'HISTORY_UNWRITABLE',
    exit: EXIT.unable,
    tried: `writing the history ${path}`,
    seen: messageOf(cause),
    todo: 'make room, or name an output folder that can be written to',
    cause,
  });
}

function recordedAfterClose(path: string, type: string): OrdealError {
  return new OrdealError({
    code: 'HISTORY_CLOSED',
    exit: EXIT.defect,
    tried: `recording ${type} in ${path}`,
    seen: 'the history is closed',
    todo: 'stop what records before the history is closed',
  });
}
