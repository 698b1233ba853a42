import { z } from 'zod';

/** `at` is wall milliseconds of the node; `mono` the writing process’s monotonic clock, which intervals are taken from. */
const stamp = { at: z.number(), mono: z.number() };
const call = { call: z.string(), nth: z.int(), devices: z.array(z.string()) };

/** What a proxy and its keeper write down: what was forwarded, what was altered, and how the resource went back. */
export const ProxyLine = z.discriminatedUnion('type', [
  z.strictObject({ ...stamp, type: z.literal('in-front'), resource: z.string(), vendor: z.string() }),
  /** A call is held up by an injection; what became of it is a line of its own. */
  z.strictObject({ ...stamp, type: z.literal('holding'), ...call, injected: z.string() }),
  /**
   * A call is over. `outcome` is the gRPC status that the kubelet was answered with, by name; `CANCELLED` where it had
   * given up. `heldMs` is the part of `tookMs` in which the proxy held it up.
   */
  z.strictObject({
    ...stamp,
    type: z.literal('call'),
    ...call,
    injected: z.string().optional(),
    forwarded: z.boolean(),
    outcome: z.string(),
    heldMs: z.number(),
    tookMs: z.number(),
  }),
  /** A list of devices was forwarded. */
  z.strictObject({ ...stamp, type: z.literal('devices'), healthy: z.int(), unhealthy: z.int() }),
  z.strictObject({
    ...stamp,
    type: z.literal('stream-ended'),
    by: z.enum(['kubelet', 'vendor', 'injection']),
    reason: z.string(),
  }),
  z.strictObject({ ...stamp, type: z.literal('gone'), reason: z.string() }),
  z.strictObject({ ...stamp, type: z.literal('vendor-registered'), vendor: z.string() }),
  z.strictObject({ ...stamp, type: z.literal('vendor-refused'), reason: z.string() }),
  /** What PodResources said while the resource went back. */
  z.strictObject({ ...stamp, type: z.literal('allocatable'), devices: z.int() }),
  z.strictObject({ ...stamp, type: z.literal('given-back'), vendor: z.string(), devices: z.int() }),
]);
export type ProxyLine = z.infer<typeof ProxyLine>;

type Unstamped<Line> = Line extends unknown ? Omit<Line, 'at' | 'mono'> : never;
export type ProxyEntry = Unstamped<ProxyLine>;
