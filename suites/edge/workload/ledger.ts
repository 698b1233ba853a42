import { z } from 'zod';
import { Range } from '../ranges.ts';

/**
 * What the edge's programs write down, a JSON line each on standard output. `epoch` is one run of one program and `n`
 * numbers its lines, so that a missing line shows. `at` is wall milliseconds; `mono` is the machine's monotonic clock,
 * the same for every process of one machine, and the only one that intervals are taken from.
 */
const stamp = { epoch: z.string(), n: z.int().nonnegative(), at: z.number(), mono: z.number() };
/** Which machine's monotonic clock: two are only compared where this is the same. */
const clock = z.string();
const publisher = z.string();
const ranges = z.array(Range);
const count = z.int().nonnegative();

export const ProbePath = z.enum(['tunnel', 'host']);
export type ProbePath = z.infer<typeof ProbePath>;
/** How the echo of one way names itself in each answer: by the run of the cloud's program that it is of, and the way. */
export function echoName(cloudEpoch: string, path: ProbePath): string {
  return `${cloudEpoch}/${path}`;
}
/** Which way a probe goes, from which node. */
const way = { node: z.string(), path: ProbePath };

export const EdgeLine = z.discriminatedUnion('type', [
  z.strictObject({
    ...stamp,
    type: z.literal('collector.started'),
    publisher,
    clock,
    protocol: z.literal([4, 5]),
    qos: z.literal([0, 1, 2]),
    /** Messages that its offline store holds. */
    store: count,
    rate: z.number(),
  }),
  z.strictObject({
    ...stamp,
    type: z.literal('collector.connected'),
    publisher,
    /** The broker still had the session. */
    resumed: z.boolean(),
  }),
  z.strictObject({ ...stamp, type: z.literal('collector.closed'), publisher, reason: z.string() }),
  /**
   * Sequence numbers since the line before: attempted (what the sensor measured), acknowledged (by the broker; with
   * QoS 0 written to the socket, which is all that there is), dropped (for want of room in the store).
   */
  z.strictObject({
    ...stamp,
    type: z.literal('collector.published'),
    publisher,
    attempted: ranges,
    acknowledged: ranges,
    dropped: ranges,
    /** Held back in the offline store now. */
    stored: count,
  }),
  z.strictObject({ ...stamp, type: z.literal('collector.ended'), publisher }),

  z.strictObject({
    ...stamp,
    type: z.literal('cloud.started'),
    clock,
    broker: z.string(),
    /** The ways whose echo names itself; not told in records from before they did. */
    echoes: z.array(ProbePath),
  }),
  z.strictObject({ ...stamp, type: z.literal('cloud.broker'), up: z.boolean() }),
  /** What the subscriber got of one run of a publisher since the line before. */
  z.strictObject({
    ...stamp,
    type: z.literal('cloud.received'),
    publisher,
    /** The publisher's epoch. */
    session: z.string(),
    /** For the first time. */
    received: ranges,
    duplicates: count,
    /** After one with a higher number. */
    reordered: count,
    /** Longer on its way than is late, by both ends' wall clocks. */
    late: count,
  }),
  /** Messages under our topic that are not ours. */
  z.strictObject({ ...stamp, type: z.literal('cloud.unexpected'), count }),
  z.strictObject({ ...stamp, type: z.literal('cloud.ended') }),

  z.strictObject({
    ...stamp,
    type: z.literal('probe.started'),
    ...way,
    clock,
    intervalMs: z.number(),
    timeoutMs: z.number(),
    target: z.string(),
  }),
  /** Probes in a row with one outcome; the times are those of sending the first and the last of them. */
  z.strictObject({
    ...stamp,
    type: z.literal('probe.run'),
    ...way,
    ok: z.boolean(),
    fromSeq: count,
    toSeq: count,
    fromMono: z.number(),
    toMono: z.number(),
    /** Who answered them, by its own word; null where nobody did, or without one. Not told in records from before it was asked. */
    by: z.string().nullable(),
    /** Answers since the line before that came after their probe was given up. */
    late: count,
  }),
  z.strictObject({ ...stamp, type: z.literal('probe.ended'), ...way }),
]);
export type EdgeLine = z.infer<typeof EdgeLine>;
export type EdgeLineOf<Type extends EdgeLine['type']> = Extract<EdgeLine, { type: Type }>;

type Unstamped<Line> = Line extends unknown ? Omit<Line, keyof typeof stamp> : never;
export type EdgeEntry = Unstamped<EdgeLine>;
