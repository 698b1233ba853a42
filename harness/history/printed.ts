import type { History } from './event.ts';

const EVERY_MS = 250;

/** Whether a line is an event's, among others on the same stream. */
export function isEventLine(line: string): boolean {
  return /^\{"seq":\d+,/.test(line);
}

/** Writes a history that grows, an event a line, for whoever reads along. Returns what writes the rest of it and ends. */
export function printHistory(history: History, write: (text: string) => void): () => void {
  let printed = 0;
  const print = () => {
    const fresh = history.slice(printed);
    printed += fresh.length;
    if (fresh.length > 0) write(fresh.map((event) => `${JSON.stringify(event)}\n`).join(''));
  };
  const timer = setInterval(print, EVERY_MS);
  return () => {
    clearInterval(timer);
    print();
  };
}
