import { z } from 'zod';

/** The kubelet's unary calls to a device plugin that are made for pods. */
export const PluginCall = z.enum(['GetPreferredAllocation', 'Allocate', 'PreStartContainer']);
export type PluginCall = z.infer<typeof PluginCall>;

/** Status codes of gRPC that a plugin may answer with, by their names. */
export const ErrorCode = z.enum([
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'INTERNAL',
  'UNAVAILABLE',
]);
export type ErrorCode = z.infer<typeof ErrorCode>;

/** Which calls of a method: each `every`-th, counted from when the proxy stood in front, and at most so many of them. */
export const Which = { every: z.int().min(1).default(1), atMost: z.int().min(1).optional() };

/** What a proxy does to the calls that it forwards. */
export const Injection = z.discriminatedUnion('kind', [
  /** Waits before it forwards. */
  z.strictObject({
    kind: z.literal('delay'),
    call: PluginCall,
    ...Which,
    delayMs: z.number().nonnegative(),
  }),
  /** Answers with this error; the vendor’s plugin is not asked. */
  z.strictObject({
    kind: z.literal('error'),
    call: PluginCall,
    ...Which,
    code: ErrorCode,
    message: z.string(),
  }),
  /** Neither forwards nor answers, until it goes away. */
  z.strictObject({ kind: z.literal('hang'), call: PluginCall, ...Which }),
  /** Forwards Allocate, and gives the answer that an earlier one was given. The first has none before it. */
  z.strictObject({ kind: z.literal('duplicate'), call: z.literal('Allocate'), ...Which }),
  /** Ends ListAndWatch towards the kubelet after so long, and goes on serving. */
  z.strictObject({ kind: z.literal('stream-lost'), afterMs: z.number().nonnegative() }),
]);
export type Injection = z.infer<typeof Injection>;
/** The kind of a fault that does so: `gpu/plugin-delay`. */
export function faultOf(injection: Injection['kind']): string {
  return `gpu/plugin-${injection}`;
}

/** Whether a fault of this kind takes a proxy. */
export function isProxied(kind: string): boolean {
  return Injection.options.some(({ shape }) => faultOf(shape.kind.value) === kind);
}

export type CallInjection = Exclude<Injection, { kind: 'stream-lost' }>;

/** What is done to the `nth` call of a method, from 1; undefined: it is forwarded as it is. */
export function injectionFor(injection: Injection, call: PluginCall, nth: number): CallInjection | undefined {
  if (injection.kind === 'stream-lost' || injection.call !== call) return undefined;
  const { atMost = Number.POSITIVE_INFINITY, every } = injection;
  return nth % every === 0 && nth / every <= atMost ? injection : undefined;
}
