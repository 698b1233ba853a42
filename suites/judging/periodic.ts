import type { History } from '../../harness/history/event.ts';

/** A history in which something comes again and again, once and twice: all numbers in it go on as they did from the one to the other. */
export interface Periodic {
  /** With one period, and with two. */
  once: History;
  twice: History;
  /** Where the first period begins and where the last one ends, in each. */
  from: number;
  toOnce: number;
  toTwice: number;
}

/** A line with its numbers left out. */
interface Template {
  /** What is before, between and after the numbers. */
  words: string[];
  /** Of the first time, and how much more of each next time. */
  numbers: { base: number; step: number }[];
}

const NUMBER = /\d+(?:\.\d+)?/g;

/** The lines of such a history of at least so many events, in pieces: longer than any that memory would hold. */
export function* longHistory(periodic: Periodic, events: number): Generator<string> {
  const { from, once, toOnce, toTwice, twice } = periodic;
  const length = toOnce - from;
  if (toTwice - toOnce !== length)
    throw new RangeError(`a period has ${length} events, and the next one not`);
  const head = once.slice(0, from);
  const period = templates(once.slice(from, toOnce), twice.slice(toOnce, toTwice));
  const tail = templates(once.slice(toOnce), twice.slice(toTwice));
  yield head.map((event) => `${JSON.stringify(event)}\n`).join('');
  const periods = Math.max(1, Math.ceil((events - head.length - tail.length) / length));
  for (let time = 0; time < periods; time++) yield filledIn(period, time);
  yield filledIn(tail, periods - 1);
}

function templates(first: History, next: History): Template[] {
  return first.map((event, at) => {
    const line = JSON.stringify(event);
    const following = JSON.stringify(next[at]);
    const words = line.split(NUMBER);
    if (words.join('#') !== following.split(NUMBER).join('#'))
      throw new RangeError(`a period has ${line}, and the next one ${following}`);
    const later = following.match(NUMBER) ?? [];
    const numbers = (line.match(NUMBER) ?? []).map((text, each) => ({
      base: Number(text),
      step: Number(later[each]) - Number(text),
    }));
    return { words, numbers };
  });
}

function filledIn(lines: readonly Template[], time: number): string {
  let text = '';
  for (const { numbers, words } of lines) {
    text += words[0];
    for (const [at, { base, step }] of numbers.entries())
      text += base + step * time + (words[at + 1] as string);
    text += '\n';
  }
  return text;
}
