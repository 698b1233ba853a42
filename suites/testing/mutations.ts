import type { History, HistoryEvent } from '../../harness/history/event.ts';

/** What a recorder would have written of these events, in this order: numbered anew, on a clock that goes on. */
export function recordedAs(events: History): History {
  let mono = 0;
  return events.map((event, seq) => {
    mono = Math.max(mono, event.mono);
    return { ...event, seq, mono };
  });
}

/** One event again, at another place. */
export function doubled(history: History, index: number, at: number): History {
  return recordedAs(history.toSpliced(at, 0, history[index] as HistoryEvent));
}

/** One event at another place, and stamped as what is there is. */
export function moved(history: History, index: number, at: number): History {
  const order = history.toSpliced(index, 1).toSpliced(at, 0, history[index] as HistoryEvent);
  return order.map((event, seq) => {
    const { mono, wall } = history[seq] as HistoryEvent;
    return { ...event, seq, mono, wall };
  });
}

/** Two runs’ events in one history, by the times of both. */
export function interleaved(one: History, other: History): History {
  return recordedAs([...one, ...other].sort((a, b) => a.mono - b.mono));
}

/** Which of its clocks an event of a ledger or of a container has in its body. */
const STAMPS = ['mono', 'fromMono', 'toMono', 'at', 'date'];

/** From the moment of the event at `index` on, the clocks of whoever wrote that are off by so many ms. */
export function clockJumped(history: History, index: number, byMs: number): History {
  const first = history[index] as HistoryEvent;
  const moment = (event: HistoryEvent) => (event.body as { at?: number }).at ?? event.seq;
  return history.map((event) => {
    if (writerOf(event) !== writerOf(first) || moment(event) < moment(first)) return event;
    const body: Record<string, unknown> = { ...(event.body as object) };
    for (const stamp of STAMPS)
      if (typeof body[stamp] === 'number') body[stamp] = (body[stamp] as number) + byMs;
    return { ...event, body };
  });
}

/** A program’s run, the node of containers that look at their GPUs, or else the event’s source. */
function writerOf({ body, source, type }: HistoryEvent): string {
  const { epoch } = body as { epoch?: string };
  if (type === 'gpu.probe') return type;
  return type.startsWith('ledger.') && epoch !== undefined ? epoch : source;
}

/** The lines of a file, as they are: nobody numbers them anew. */
export function lines(history: History): string[] {
  return history.map((event) => JSON.stringify(event));
}
