/**
 * What a report draws of a history. A suite knows which of its events are a device's or a node's and tells them as
 * lanes; a report knows how to draw lanes and nothing of GPUs or tunnels. All times are ms on the history's clock.
 */

/** How something stood, in the reader's terms: `bad` is what a requirement is refused for, `held` what a fault did. */
export type Tone = 'good' | 'bad' | 'waiting' | 'held' | 'neutral';

/** Something that lasted. */
export interface Span {
  from: number;
  to: number;
  tone: Tone;
  /** What it was, in a few words; of a `bad` one also what was seen. */
  label: string;
}

/** Something that happened. */
export interface Mark {
  at: number;
  label: string;
}

/** One figure as it was seen; null where it could not be, and there the line has a gap. */
export type Point = readonly [at: number, value: number | null];

/** One row of a lane. */
export type Track = { name: string } & (
  | { kind: 'spans'; spans: readonly Span[] }
  | { kind: 'marks'; marks: readonly Mark[] }
  /** `step`: it stays what it was until the next point; else it goes there straight. */
  | { kind: 'line'; unit: string; points: readonly Point[]; step: boolean }
);

/** What was seen of one thing: a device, a node, a fault. */
export interface Lane {
  title: string;
  tracks: readonly Track[];
}

/** Lanes that are read together. */
export interface LaneGroup {
  title: string;
  /** What its rows and colours stand for, in a sentence or two. */
  note: string;
  lanes: readonly Lane[];
}
