import { z } from 'zod';
import { Injection } from './injection.ts';

/** What a harness asks of the attendant of a node's proxy, a JSON object a line; each is answered when it is done. */
export const AttendantRequest = z.discriminatedUnion('do', [
  /** Which plugin serves the resource: `Discovered`. */
  z.strictObject({ do: z.literal('find'), plugin: z.string().optional() }),
  /** Puts a proxy in front of it, held for a lease at a time, and `endMs` at the most: `true`. */
  z.strictObject({
    do: z.literal('start'),
    vendor: z.string(),
    injection: Injection,
    leaseMs: z.number().positive(),
    endMs: z.number(),
  }),
  /** The run lives: `Renewed`. Nothing else that is asked says so. */
  z.strictObject({ do: z.literal('renew') }),
  /** What the proxy and its keeper wrote, as lines, from the `from`-th on: `string[]`. */
  z.strictObject({ do: z.literal('lines'), from: z.int().nonnegative() }),
  /** What the kubelet says that it gave to which pod, of the resource: `Given[]`. */
  z.strictObject({ do: z.literal('given') }),
  /**
   * `Looked`.
   * @property vendor of one that an attendant before this one has put there, who left nothing to read
   */
  z.strictObject({ do: z.literal('look'), vendor: z.string().optional() }),
  /** Takes the proxy away and gives the resource back: `true`. @property vendor likewise */
  z.strictObject({ do: z.literal('give-back'), vendor: z.string().optional() }),
  /** Ends it: `true`. */
  z.strictObject({ do: z.literal('end') }),
]);
export type AttendantRequest = z.infer<typeof AttendantRequest>;

/** @property lapsed why it gave the resource back without having been told to */
export interface Renewed {
  lapsed?: string;
}

export interface Looked {
  /** A proxy stands in front, or its resource is not given back. */
  stands: boolean;
  /** It is written down whom it stands in front of: until the resource is given back. */
  fronted: boolean;
}

export type Asked = { id: number; request: AttendantRequest };
export type Answered = { id: number; answer: unknown } | { id: number; error: string };
