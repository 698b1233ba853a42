import type { Mark, Point, Span, Tone } from '../../harness/history/timeline.ts';

/** A drawing is this many columns wide, about a pixel each on a wide screen: what lies closer is drawn as one. */
export const COLUMNS = 1_000;

/** Some spans of one tone, drawn as one. */
export interface Bar {
  /** In columns; at least one wide. */
  x: number;
  width: number;
  tone: Tone;
  /** How many spans it stands for. */
  count: number;
  /** The first one’s. */
  label: string;
}

/** Some marks, drawn as one. */
export interface Tick {
  x: number;
  count: number;
  label: string;
}

/**
 * Spans as bars, in the order in which they are to be drawn: those of one tone that touch, or are less than a column
 * apart, are one. None is lost and none becomes invisible, whatever the number of spans: a tone has 500 bars at most.
 */
export function bars(spans: readonly Span[], xOf: (at: number) => number): Bar[] {
  const byTone = (tone: Tone) => {
    const found: Bar[] = [];
    const sorted = spans.filter((span) => span.tone === tone).sort((a, b) => a.from - b.from);
    for (const { from, label, to } of sorted) {
      const start = Math.min(within(xOf(from)), COLUMNS - 1);
      const end = Math.max(within(xOf(to)), start + 1);
      const last = found.at(-1);
      if (last && start - (last.x + last.width) < 1) {
        last.width = Math.max(last.x + last.width, end) - last.x;
        last.count += 1;
      } else {
        found.push({ x: start, width: end - start, tone, count: 1, label });
      }
    }
    return found;
  };
  // What matters most comes last and covers the rest.
  return (['good', 'neutral', 'waiting', 'held', 'bad'] as const).flatMap(byTone);
}

/** Marks by column. */
export function ticks(marks: readonly Mark[], xOf: (at: number) => number): Tick[] {
  const found = new Map<number, Tick>();
  for (const { at, label } of marks) {
    const x = Math.round(within(xOf(at)));
    const tick = found.get(x);
    if (tick) tick.count += 1;
    else found.set(x, { x, count: 1, label });
  }
  return [...found.values()];
}

/**
 * A line's points with, of each column, only the first, the lowest, the highest and the last: no peak is lost. A gap
 * (null) stays one.
 */
export function thinned(points: readonly Point[], xOf: (at: number) => number): Point[] {
  const kept: Point[] = [];
  let column: Point[] = [];
  let current = Number.NaN;
  const flush = () => {
    const seen = column.filter(([, value]) => value !== null);
    const byValue = seen.toSorted(([, a], [, b]) => (a ?? 0) - (b ?? 0));
    const gap = column.find(([, value]) => value === null);
    const keep = new Set([column[0], byValue[0], byValue.at(-1), gap, column.at(-1)]);
    kept.push(...column.filter((point) => keep.has(point)));
    column = [];
  };
  for (const point of points) {
    const x = Math.floor(xOf(point[0]));
    if (x !== current) flush();
    current = x;
    column.push(point);
  }
  flush();
  return kept;
}

function within(x: number): number {
  return Math.max(0, Math.min(COLUMNS, x));
}
